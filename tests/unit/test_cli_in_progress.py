"""What `isorun ps` and `isorun kill` print and refuse; a fake engine in another thread has the runs."""

import json
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import anyio
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from engine import Engine, EngineConfig, PoolConfig, Program, Result, RunNotFoundError, Status
from engine import _control as control
from engine import _control_client as client
from engine.cli import main
from engine.cli._in_progress import _age
from engine.testing import FakeRuntime, hangs
from tests.support.machine import wait_until

from ._pools import settle

Capture = pytest.CaptureFixture[str]
type Start = Callable[[int], list[Future[Result]]]


@pytest.fixture
def portal(control_folder: Path) -> Iterator[BlockingPortal]:
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture
def runtime() -> FakeRuntime:
    return FakeRuntime(behaviour=hangs)


@pytest.fixture
def engine(portal: BlockingPortal, runtime: FakeRuntime) -> Iterator[Engine]:
    config = EngineConfig(pool=PoolConfig(warm=0, max_warm=0, max_size=2))
    with portal.wrap_async_context_manager(Engine(config, runtimes=[runtime])) as engine:
        yield engine
        for info in engine.runs():
            with suppress(RunNotFoundError):  # it may be about to end
                portal.call(engine.kill, info.id)


@pytest.fixture
def start(portal: BlockingPortal, engine: Engine) -> Start:
    """Starts runs that do not end, and returns when they wait."""

    def start(count: int) -> list[Future[Result]]:
        futures = [portal.start_task_soon(engine.run, Program(code="1")) for _ in range(count)]
        portal.call(settle)
        return futures

    return start


def ids(engine: Engine) -> list[str]:
    return [info.id for info in engine.runs()]


def test_no_runs_are_said_on_stderr(capsys: Capture, control_folder: Path) -> None:
    assert main(["ps"]) == 0

    assert capsys.readouterr() == ("", "no runs\n")


def test_no_runs_are_an_empty_list_as_json(capsys: Capture, engine: Engine) -> None:
    assert main(["ps", "--json"]) == 0

    assert capsys.readouterr() == ("[]\n", "")


def test_runs_are_a_table_for_people(capsys: Capture, engine: Engine, start: Start) -> None:
    start(3)
    expected = ["running", "running", "waiting"]
    wait_until(lambda: sorted(info.state for info in engine.runs()) == expected, what="two run and one waits")

    assert main(["ps"]) == 0

    shown = capsys.readouterr()
    assert shown.err == ""
    headings, *rows = [line.split() for line in shown.out.splitlines()]
    assert headings == ["ID", "AGE", "LANGUAGE", "RUNTIME", "STATE", "ENGINE"]
    assert [row[0] for row in rows] == ids(engine)
    assert sorted(row[2:] for row in rows) == [
        ["python", "fake", state, str(os.getpid())] for state in expected
    ]


def test_runs_are_a_list_as_json(capsys: Capture, engine: Engine, start: Start) -> None:
    start(1)

    main(["ps", "--json"])

    [shown] = json.loads(capsys.readouterr().out)
    assert shown.pop("age_seconds") >= 0
    assert shown.pop("called_at") > 0
    assert shown == {
        "id": ids(engine)[0],
        "pid": os.getpid(),
        "language": "python",
        "runtime": "fake",
        "state": "running",
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.9, "0s"), (59.9, "59s"), (60, "1m00s"), (3599, "59m59s"), (3660, "1h01m"), (90000, "1d01h")],
)
def test_age_is_written_with_the_units_that_matter(seconds: float, text: str) -> None:
    assert _age(seconds) == text


def test_killed_runs_are_named_and_the_others_stay(capsys: Capture, engine: Engine, start: Start) -> None:
    first, second, third = start(3)
    wanted = ids(engine)

    assert main(["kill", wanted[0], wanted[2]]) == 0

    assert capsys.readouterr() == (f"{wanted[0]}\n{wanted[2]}\n", "")
    assert (first.result(10).status, third.result(10).status) == (Status.CANCELLED, Status.CANCELLED)
    assert not second.done()
    assert ids(engine) == [wanted[1]]


def test_killed_runs_are_a_list_as_json(capsys: Capture, engine: Engine, start: Start) -> None:
    start(1)
    [wanted] = ids(engine)

    assert main(["kill", "--json", wanted]) == 0

    assert json.loads(capsys.readouterr().out) == [{"id": wanted, "killed": True, "error": None}]


def test_run_is_found_by_the_beginning_of_its_id(capsys: Capture, engine: Engine, start: Start) -> None:
    start(2)
    one, other = ids(engine)
    length = next(at for at in range(9) if one[:at] != other[:at])

    assert main(["kill", one[:length]]) == 0

    assert ids(engine) == [other]


def test_run_named_twice_is_killed_once(capsys: Capture, engine: Engine, start: Start) -> None:
    start(1)
    [wanted] = ids(engine)

    assert main(["kill", wanted, wanted[:7]]) == 0

    assert capsys.readouterr() == (f"{wanted}\n", "")


def test_ambiguous_beginning_is_a_usage_error_and_kills_nothing(
    capsys: Capture, engine: Engine, start: Start
) -> None:
    start(17)  # of which two begin with the same digit
    digits = [run_id[0] for run_id in ids(engine)]
    digit = next(digit for digit in digits if digits.count(digit) > 1)

    assert main(["kill", digit]) == 2

    told = capsys.readouterr().err
    assert told.startswith(f"error: `{digit}` may be any of ")
    assert "hint: give more of its id" in told
    assert len(ids(engine)) == 17


@pytest.mark.parametrize("unknown", ["", "00000000-no", "xyz", "\x1b[2J"])
def test_unknown_id_is_told_and_nothing_is_killed(
    capsys: Capture, engine: Engine, start: Start, unknown: str
) -> None:
    start(1)

    assert main(["kill", *ids(engine), unknown]) == 2

    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: there is no run `")
    assert "\x1b" not in shown.err
    assert len(ids(engine)) == 1


def test_unknown_id_is_a_typed_error_as_json(capsys: Capture, control_folder: Path) -> None:
    assert main(["kill", "--json", "00000000"]) == 2

    assert json.loads(capsys.readouterr().out)["error"] == {
        "type": "RunNotFoundError",
        "message": "there is no run `00000000`",
        "hint": "`isorun ps` lists the runs",
    }


def test_kill_without_an_id_is_a_usage_error(capsys: Capture) -> None:
    assert main(["kill"]) == 2


def test_engine_that_does_not_answer_is_noted_beside_the_runs_of_others(
    capsys: Capture, control_folder: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine, start: Start
) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.05)
    start(1)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(control_folder / "7-00000000.sock"))
        silent.listen()

        assert main(["ps"]) == 0

    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 2
    assert shown.err == "note: the engine with pid 7 does not answer\n"


def test_run_that_does_not_end_is_an_error_of_the_host(
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    portal: BlockingPortal,
    runtime: FakeRuntime,
    engine: Engine,
    start: Start,
) -> None:
    monkeypatch.setattr(control, "KILL_SECONDS", 0.05)
    start(1)
    [wanted] = ids(engine)
    gate = runtime.sandboxes[0].close_gate = portal.call(anyio.Event)

    assert main(["kill", wanted]) == 4
    told = capsys.readouterr()
    assert main(["kill", "--json", wanted]) == 4
    shown = json.loads(capsys.readouterr().out)
    portal.call(gate.set)

    assert told.out == ""
    assert told.err.startswith(f"error: `{wanted}` may still run: the engine with pid {os.getpid()} refuses")
    assert [(one["id"], one["killed"]) for one in shown] == [(wanted, False)]
    assert "has not ended within" in shown[0]["error"]
