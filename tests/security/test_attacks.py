"""Each program in `attacks/` runs in a fresh jail and must end as its header says, having reached nothing."""

import ast
import tomllib
from pathlib import Path

import msgspec
import pytest

from engine import Engine, File, Program
from policies import Limits, Policy
from tests.support.attacks import Header, assert_nothing_reached, described
from tests.support.canaries import Canaries

pytestmark = pytest.mark.jail
FOLDER = Path(__file__).parent / "attacks"
ATTACKS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "attempts")


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
