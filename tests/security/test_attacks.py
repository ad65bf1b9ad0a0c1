"""Each program in `attacks/` runs in a fresh jail and must end as its header says, having reached nothing."""

import ast
import os
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine import Engine, File, Program, Result
from policies import Limits, Policy
from tests.support.canaries import Canaries

pytestmark = pytest.mark.jail
FOLDER = Path(__file__).parent / "attacks"
ATTACKS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "attempts")


class Header(msgspec.Struct, forbid_unknown_fields=True):
    """What an attack's docstring says below its first line, as TOML.

    Attributes:
        rows: Of the security checklist.
        status: One that the result must have, or several.
        reason: The finer one, if it is certain.
        limits: Changed for this attack.
    """

    rows: tuple[int, ...]
    status: str | tuple[str, ...] = "ok"
    reason: str | None = None
    limits: dict[str, Any] = {}

    @property
    def statuses(self) -> tuple[str, ...]:
        return (self.status,) if isinstance(self.status, str) else self.status


def header(name: str) -> Header:
    text = ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text("utf-8")))
    assert text is not None
    return msgspec.convert(tomllib.loads(text.partition("\n")[2]), Header)


def attack_program(name: str, canaries: Canaries) -> Program:
    return Program(
        code=(FOLDER / f"{name}.py").read_bytes(),
        env=canaries.variables(),
        files=(File(name="attempts.py", data=(FOLDER / "attempts.py").read_bytes()),),
        environment="base",
    )


def attack_policy(name: str) -> Policy:
    return Policy(limits=msgspec.convert({"wall-seconds": 30, **header(name).limits}, Limits))


@pytest.mark.parametrize("name", ATTACKS)
async def test_attack_is_contained(name: str, engine: Engine, canaries: Canaries) -> None:
    expected = header(name)

    result = await engine.run(attack_program(name, canaries), attack_policy(name))

    assert result.status in expected.statuses, described(result)
    assert expected.reason in (None, result.reason), described(result)
    assert_nothing_reached(result, canaries)
    if isinstance(result.value, dict) and "tried" in result.value:
        assert result.value["tried"] > 0
        assert result.value["escaped"] == []


def assert_nothing_reached(result: Result, canaries: Canaries) -> None:
    """The canary's text is nowhere in the result, and nobody has connected."""
    text = canaries.text.encode()
    assert text not in result.stdout_bytes
    assert text not in result.stderr_bytes
    assert canaries.text not in repr(result.value)
    assert os.environ["TEST_ENGINE_SECRET"] not in repr(result)
    assert all(text not in artifact.data for artifact in result.files)
    assert canaries.connections == []
    assert canaries.process.poll() is None


def described(result: Result) -> str:
    end = f"{result.status} {result.reason} {result.exit_code} {result.signal}"
    return f"{end} {result.value} {result.stderr[-2000:]}"
