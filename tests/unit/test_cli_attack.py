"""`isorun doctor --attack` over fake tiers: the table, JSON, exit codes."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from anyio.lowlevel import checkpoint

from engine import Capabilities, Emit, Engine, EngineConfig, Output, Program, Reason, Result, Status
from engine import Policy as _Policy
from engine._runtime import isolation_of
from engine.cli import doctor
from engine.cli._attack import attack
from engine.cli._errors import UsageError
from engine.cli._parser import parse
from engine.testing import Behaviour, FakeRuntime, FakeSandbox, dies
from runtimes.attacks import ATTACKS, Means

Capture = pytest.CaptureFixture[str]

#: Of the program that a fake sandbox is given, which says what it is by its last lines.
_ENDS = {
    "ptrace": Status.DENIED,
    "os.fork() == 0:\n        time.sleep(5)": Status.PIDS,
    "(1 << 20) for _": Status.MEMORY,
    "bytes(1 << 20)": Status.DISK,
    'print("x" * 1023)': Status.OUTPUT,
    "valid_signals": Status.TIMEOUT,
    "os._exit(137)": Status.ERROR,
}


class _Nsjail(FakeRuntime):
    """A fake with the name of a tier that there are attacks for."""

    name: ClassVar[str] = "nsjail"


def _contained(path: str = "cold", says: Callable[[str], str] = lambda code: "") -> Behaviour:
    async def behave(sandbox: FakeSandbox, program: Program, policy: _Policy, emit: Emit | None) -> Result:
        code = str(program.code)
        status = next((status for text, status in _ENDS.items() if text in code), Status.OK)
        said = f"{says(code)}\ntried: 1\nlook\n".encode()
        if emit is not None:
            emit(Output(stream="stdout", data=said))
        await checkpoint()
        return Result(
            status=status,
            reason=Reason.EXIT_ZERO,
            exit_code=137 if status == Status.ERROR else 0,
            stdout_bytes=said,
            isolation=isolation_of(sandbox.template, path=path),
        )

    return behave


def _attack(runtime: FakeRuntime, *, as_json: bool = False) -> int:
    def make_engine(config: EngineConfig) -> Engine:
        return Engine(config, runtimes=[runtime])

    means = Means(make_engine=make_engine, rights_of=lambda name: ())
    return attack(as_json=as_json, tiers=["nsjail"], means=means)


def _tiers(capsys: Capture) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["tiers"]
    return found


pytestmark = pytest.mark.slow  # each attack plants a process


def test_tier_that_contains_everything_is_fine(capsys: Capture) -> None:
    assert _attack(_Nsjail(behaviour=_contained())) == 0

    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert re.split(r"\s{2,}", lines[0]) == ["attack", "nsjail", "nsjail (fork)"]
    assert [line.split() for line in lines[1:21]] == [
        [name, "contained", "refused"] for name in [*(one.name for one in ATTACKS), "engine-closed"]
    ]
    assert "nsjail (fork): refused: its sandboxes are not forked here: each is started by itself" in lines
    assert re.fullmatch(r"20 attacks in [\d.]+ s: all contained", lines[-1])
    assert shown.err == (
        "note: attacking `nsjail` with 19 programs\nnote: attacking `nsjail (fork)` with 19 programs\n"
    )


def test_escape_is_told_and_is_a_failure(capsys: Capture) -> None:
    def says(code: str) -> str:
        match = re.search(r'SOCKET, PORT, PID, NAME = "(?P<file>[^"]+)"', code)
        is_about_files = "beginnings" in code
        return Path(match["file"]).read_text() if match and is_about_files else ""

    assert _attack(_Nsjail(behaviour=_contained(says=says)), as_json=True) == 4

    cold, forked = _tiers(capsys)
    assert (cold["name"], cold["path"], cold["contained"]) == ("nsjail", "cold", False)
    escaped = [one for one in cold["attacks"] if one["verdict"] != "contained"]
    assert [(one["name"], one["verdict"], one["details"]) for one in escaped] == [
        ("host-files", "ESCAPED", ["a file of the host was read"])
    ]
    assert (forked["path"], forked["available"], forked["attacks"]) == ("fork", False, [])


def test_sandbox_that_is_lost_is_unclear_and_a_failure(capsys: Capture) -> None:
    calm = _contained()

    async def behave(sandbox: FakeSandbox, program: Program, policy: _Policy, emit: Emit | None) -> Result:
        mean = dies if "beginnings" in str(program.code) else calm
        return await mean(sandbox, program, policy, emit)

    assert _attack(_Nsjail(behaviour=behave)) == 4

    shown = capsys.readouterr().out
    assert "nsjail: host-files: unclear: it was not run: the fake sandbox died" in shown
    assert "0 escaped, 1 unclear" in shown


def test_tier_that_is_not_there_is_refused_with_its_fix(capsys: Capture) -> None:
    assert _attack(_Nsjail(unavailable="no \x1b[2J luck")) == 4

    shown = capsys.readouterr().out
    assert "nsjail: refused: " in shown
    assert "no ␛[2J luck\n  fix: install `nsjail`" in shown
    assert "0 attacks in 0.0 s: no tier is available, so nothing was tried" in shown


def test_language_that_the_tier_does_not_run_here_is_refused(capsys: Capture) -> None:
    able = Capabilities(languages=frozenset({"bash"}))

    assert _attack(_Nsjail(capabilities=able), as_json=True) == 4

    assert [tier["available"] for tier in _tiers(capsys)] == [False, False]


def test_unknown_tier_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no attacks for the tier `vm`") as caught:
        attack(as_json=False, tiers=["vm"])

    assert caught.value.hint == "one of wasm, deno, pyodide, nsjail, docker"


def test_tier_without_attack_is_a_usage_error() -> None:
    arguments = parse(["doctor", "--tier", "nsjail"])

    with pytest.raises(UsageError, match="--attack"):
        doctor.run(arguments)
