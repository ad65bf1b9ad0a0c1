"""The short attack suite: programs, canaries, what is seen from outside, verdicts; no jail."""

import os
import re
import socket
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

import runtimes.attacks
from engine import Artifact, EngineError, ErrorInfo, IsolationInfo, Reason, Result, Status, Usage
from engine._process import Companion
from runtimes.attacks import ATTACKS, COLUMNS, Attack, Canaries, Column, Run, bequeathed, judge, planted
from runtimes.attacks._outside import Seen, enclosed, excesses, named, processes, program_of, seen
from tests.support.checklist import ROWS
from tests.support.machine import until

_PROGRAMS = Path(runtimes.attacks.__file__).parent / "programs"
_BY_NAME = {attack.name: attack for attack in ATTACKS}
_HARMLESS = _BY_NAME["host-files"]
_BOMB = _BY_NAME["memory"]


def _result(stdout: str = "\ntried: 1\n", status: Status = Status.OK, **changes: Any) -> Result:
    fields = {
        "reason": Reason.EXIT_ZERO,
        "exit_code": 0,
        "stdout_bytes": stdout.encode(),
        "isolation": IsolationInfo(runtime="fake"),
        **changes,
    }
    return Result(status=status, **fields)


# Programs


def test_every_attack_has_a_program_and_every_program_an_attack() -> None:
    files = {path.stem for path in _PROGRAMS.rglob("*.*")} - {"_prelude"}

    assert files == set(_BY_NAME)


def test_attacks_are_about_rows_of_the_checklist() -> None:
    rows = {row for attack in ATTACKS for row in attack.rows}

    assert rows <= set(ROWS)


@pytest.mark.parametrize("column", COLUMNS, ids=lambda one: one.title)
def test_every_column_has_a_dozen_attacks_or_nearly(column: Column) -> None:
    assert sum(map(column.has, ATTACKS)) >= 10


@pytest.mark.parametrize("column", COLUMNS, ids=lambda one: one.title)
async def test_nothing_stands_for_itself_in_a_program(column: Column) -> None:
    with bequeathed() as heirlooms:
        async with planted("iso-test-1", heirlooms) as canaries:
            texts = [str(column.program(one, canaries.names).code) for one in ATTACKS if column.has(one)]

    assert [found for text in texts for found in re.findall(r"@[A-Z_]+@", text)] == []
    assert [secret for secret in canaries.secrets if any(secret in text for text in texts)] == []


# Canaries


@asynccontextmanager
async def _canaries() -> AsyncGenerator[Canaries]:
    with bequeathed() as heirlooms:
        async with planted("iso-test-2", heirlooms) as canaries:
            yield canaries


async def test_canaries_that_nobody_touched_say_nothing() -> None:
    async with _canaries() as canaries:
        assert canaries.reached(_result()) == []
        assert canaries.reached(None) == []


async def test_canaries_are_gone_at_the_end() -> None:
    before = set(os.environ)
    async with _canaries() as canaries:
        planted_there = set(os.environ) - before

    assert len(planted_there) == 1
    assert set(os.environ) == before
    assert not canaries.folder.parent.exists()
    assert seen(canaries.process.pid) is None
    assert all(listener.fileno() < 0 for listener in canaries.listeners.values())


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("where", ["stdout", "stderr", "value", "error", "file", "name"])
async def test_secret_anywhere_in_a_result_was_read(number: int, where: str) -> None:
    async with _canaries() as canaries:
        secret, what = list(canaries.secrets.items())[number]
        result = {
            "stdout": _result(f"got {secret}!"),
            "stderr": _result(stderr_bytes=secret.encode()),
            "value": _result(value={"a": [secret]}),
            "error": _result(error=ErrorInfo(type="ValueError", message=secret)),
            "file": _result(files=(Artifact(name="a", data=secret.encode()),)),
            "name": _result(files=(Artifact(name=secret, skipped="a link"),)),
        }[where]

        assert canaries.reached(result) == [f"{what} was read"]


async def test_connection_is_noticed_once_even_if_it_is_gone() -> None:
    async with _canaries() as canaries:
        for address in ("\0iso-test-2", str(canaries.folder / "socket")):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(address)
        with socket.create_connection(("127.0.0.1", int(canaries.names["PORT"]))):
            pass

        assert canaries.reached(None) == [f"{name} was reached" for name in canaries.listeners]
        assert canaries.reached(None) == []


async def test_process_that_was_ended_is_noticed() -> None:
    async with _canaries() as canaries:
        os.kill(canaries.process.pid, 9)
        await until(lambda: canaries.process.has_ended, what="the end of the canary")

        assert canaries.reached(None) == ["a process of the host was ended"]


async def test_changes_of_files_are_noticed() -> None:
    async with _canaries() as canaries:
        (canaries.folder / "new").touch()
        (canaries.folder / "socket").unlink()
        with (canaries.folder / "secret").open("a") as file:
            file.write("x")

        assert canaries.reached(None) == [
            "`new` was made on the host",
            "`socket` was removed from the host",
            "a file of the host was changed",
        ]


@pytest.mark.parametrize("name", ["a" * 120, "with space", 'with"quote'])
async def test_canaries_are_planted_whatever_the_temporary_folder_is_called(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / name))

    async with _canaries() as canaries:
        assert canaries.folder.parent.parent == Path("/tmp")


async def test_canaries_that_cannot_be_planted_are_a_host_failure() -> None:
    async with _canaries():
        with pytest.raises(EngineError, match="canaries of an attack cannot be planted"):
            async with _canaries():
                pass


# From outside


def _process(pid: int, parent: int, numbers: tuple[int, ...], name: str = "x", **fields: str) -> Seen:
    return Seen(pid=pid, parent=parent, name=name, numbers=numbers, fields=fields)


_TREE = (
    _process(1, 0, (1,)),
    _process(10, 1, (10,), name="engine"),
    _process(11, 10, (11,), name="warden"),
    _process(12, 11, (12, 1), name="supervisor"),
    _process(13, 12, (13, 2), name="program"),
    _process(20, 1, (20, 1), name="of somebody"),
)


def test_what_is_in_a_sandbox_is_found_among_descendants() -> None:
    assert [one.pid for one in enclosed(_TREE, below=10)] == [12, 13]
    assert [one.pid for one in enclosed(_TREE, below=1)] == [12, 13, 20]
    assert enclosed(_TREE, below=13) == []


def test_process_of_a_program_is_found_by_its_name_or_its_place() -> None:
    by_name = program_of("of some", _TREE, below=10)
    by_place = program_of("unknown", _TREE, below=10)

    assert by_name is not None
    assert by_name.pid == 20
    assert by_place is not None
    assert by_place.pid == 13
    assert program_of("unknown", _TREE[:3], below=10) is None


_GOOD = {
    "Uid": "1000\t1000\t1000\t1000",
    "NoNewPrivs": "1",
    "Seccomp": "2",
    **dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), "0000000000000000"),
}


def test_program_without_rights_has_no_excess() -> None:
    assert excesses(_process(13, 12, (13, 2), **_GOOD), depth=1) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"Uid": "0\t0\t0\t0"}, "is root on the host"),
        ({"CapBnd": "0000000000200000"}, "has capabilities"),
        ({"NoNewPrivs": "0"}, "may gain privileges"),
        ({"Seccomp": "0"}, "has no system call filter"),
    ],
)
def test_right_that_no_program_may_have_is_told(fields: dict[str, str], said: str) -> None:
    assert excesses(_process(13, 12, (13, 2), **{**_GOOD, **fields}), depth=1) == [f"the program {said}"]


def test_program_in_our_process_namespace_is_told() -> None:
    found = excesses(_process(13, 12, (13, 2), **_GOOD), depth=2)

    assert found == ["the program is in the engine's process namespace"]


def test_kernel_that_tells_nothing_is_not_taken_for_containment() -> None:
    assert len(excesses(_process(13, 12, ()), depth=1)) == 5


async def test_process_with_a_name_is_seen_until_it_has_ended() -> None:
    names_itself = "import ctypes, sys, socket\nctypes.CDLL(None).prctl(15, b'iso-left-1')\n"
    process = Companion(names_itself + "socket.socket(fileno=int(sys.argv[1])).recv(1)")
    try:
        await until(lambda: named("iso-left-", processes()), what="a process with that name")
        found = [one.pid for one in named("iso-left-", processes())]
    finally:
        await process.aclose()

    assert found == [process.pid]
    assert named("iso-left-", processes()) == []


# Verdicts


def test_attack_that_tried_and_reached_nothing_was_contained() -> None:
    judgement = judge(_HARMLESS, Run(result=_result()))

    assert (judgement.verdict, judgement.details) == ("contained", ())


@pytest.mark.parametrize(
    "run",
    [
        Run(result=_result(), reached=("a file of the host was read",)),
        Run(result=_result(), left=("process 7 is still there",)),
        Run(result=_result(), rights=("the program has capabilities",)),
        Run(result=None, failure="lost", reached=("a process of the host was ended",)),
        Run(result=_result("\nescaped: a namespace: True\n\ntried: 1\n")),
        Run(result=_result("\nescaped: a namespace: True\n", Status.CRASHED)),
    ],
)
def test_whatever_got_through_is_an_escape(run: Run) -> None:
    judgement = judge(_HARMLESS, run)

    assert judgement.verdict == "ESCAPED"
    assert judgement.details


@pytest.mark.parametrize(
    "attack", [one for one in ATTACKS if "ok" not in one.statuses], ids=lambda one: one.name
)
def test_program_that_runs_to_its_end_against_a_limit_has_escaped(attack: Attack) -> None:
    assert judge(attack, Run(result=_result())).verdict == "ESCAPED"


@pytest.mark.parametrize(
    "run",
    [
        Run(failure="the sandbox was lost"),
        Run(result=_result("")),
        Run(result=_result("I have tried: it all\n")),
        Run(result=_result(status=Status.CRASHED, stderr_bytes=b"Traceback\nImportError: x\n")),
    ],
)
def test_run_that_proves_nothing_is_unclear(run: Run) -> None:
    judgement = judge(_HARMLESS, run)

    assert judgement.verdict == "unclear"
    assert judgement.details


def test_rights_that_nobody_has_seen_are_unclear() -> None:
    unseen = judge(_BY_NAME["privileges"], Run(result=_result()))
    seen_well = judge(_BY_NAME["privileges"], Run(result=_result(), rights=()))

    assert unseen.details == ("its process was not seen from outside",)
    assert (unseen.verdict, seen_well.verdict) == ("unclear", "contained")


def test_end_is_the_one_that_the_program_chose() -> None:
    chosen = _result(status=Status.ERROR, exit_code=137)
    other = msgspec.structs.replace(chosen, exit_code=1)

    assert judge(_BY_NAME["forged-end"], Run(result=chosen)).verdict == "contained"
    assert judge(_BY_NAME["forged-end"], Run(result=other)).verdict == "unclear"
    assert judge(_BY_NAME["forged-end"], Run(result=_result())).verdict == "ESCAPED"


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "contained"), (1.09, "contained"), (1.2, "ESCAPED")])
def test_memory_beyond_the_limit_is_an_escape(factor: float, verdict: str) -> None:
    usage = Usage(peak_memory_mib=_BOMB.limits.memory_mib * factor)
    result = _result(status=Status.MEMORY, exit_code=None, usage=usage)

    assert judge(_BOMB, Run(result=result)).verdict == verdict


def test_words_of_a_program_are_cut() -> None:
    lines = "".join(f"escaped: {number} {'x' * 1000}\n" for number in range(100))

    judgement = judge(_HARMLESS, Run(result=_result(lines)))

    assert len(judgement.details) == 3
    assert max(map(len, judgement.details)) == 120
