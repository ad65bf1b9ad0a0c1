"""The control socket: who may ask an engine, what it answers, and that no peer does it harm."""

import logging
import os
import socket
import stat
import tempfile
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio
import msgspec
import pytest
from anyio.abc import SocketStream

from engine import Engine, EngineConfig, PoolConfig, Program, RunInfo, Status, _control_folder
from engine import _control as control
from engine import _control_client as client
from engine.testing import FakeRuntime, hangs, prints

from ._pools import settle

PROGRAM = Program(code="1")


@asynccontextmanager
async def engine_with_a_run() -> AsyncGenerator[Engine]:
    """Open an engine with a run that does not end."""
    runtime = FakeRuntime(behaviour=hangs)
    config = EngineConfig(pool=PoolConfig(warm=0, max_warm=0))
    async with anyio.create_task_group() as tasks, Engine(config, runtimes=[runtime]) as engine:
        tasks.start_soon(engine.run, PROGRAM)
        await settle()
        yield engine
        for info in engine.runs():
            await engine.kill(info.id)


async def listing() -> client.Listing:
    return await anyio.to_thread.run_sync(client.list_runs)


async def kill(run: client.Located) -> bool:
    return await anyio.to_thread.run_sync(client.kill_run, run)


async def peer(folder: Path) -> SocketStream:
    """Connect to the only engine."""
    [name] = os.listdir(folder)
    return await anyio.connect_unix(folder / name)


async def answer_to(folder: Path, request: bytes) -> bytes:
    """Send something, and return what is said about it; empty if nothing is."""
    async with await peer(folder) as stream:
        data = b""
        try:
            await stream.send(request)
            await stream.send_eof()
            while not data.endswith(b"\n"):
                data += await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            pass  # it was closed before everything was read
        return data


@contextmanager
def listening(folder: Path, name: str) -> Iterator[socket.socket]:
    """Listen as an engine would, and answer nothing."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / name))
        listener.listen()
        yield listener


async def test_socket_is_there_while_the_engine_is_open_and_its_folder_is_closed_to_others(
    control_folder: Path,
) -> None:
    async with Engine(EngineConfig(), runtimes=[FakeRuntime()]):
        [name] = os.listdir(control_folder)

        assert name.startswith(f"{os.getpid()}-")
        assert stat.S_IMODE(os.stat(control_folder).st_mode) == 0o700

    assert os.listdir(control_folder) == []


async def test_runs_of_all_engines_are_listed_the_oldest_first(control_folder: Path) -> None:
    async with engine_with_a_run() as one, engine_with_a_run() as other:
        found = await listing()

        assert found.problems == []
        assert [run.info.id for run in found.runs] == [one.runs()[0].id, other.runs()[0].id]
        assert {run.info.pid for run in found.runs} == {os.getpid()}


async def test_run_is_killed_by_another_process_and_gives_a_result(control_folder: Path) -> None:
    async with Engine(EngineConfig(), runtimes=[FakeRuntime(behaviour=hangs)]) as engine:
        statuses: list[Status] = []

        async def run() -> None:
            statuses.append((await engine.run(PROGRAM)).status)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            await settle()
            [found] = (await listing()).runs
            assert await kill(found)
            assert engine.runs() == []

        assert statuses == [Status.CANCELLED]
        assert not await kill(found)  # it has ended
    assert not await kill(found)  # nor is its engine there


async def test_run_that_does_not_end_in_time_is_told(
    control_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "KILL_SECONDS", 0.05)
    runtime = FakeRuntime(behaviour=hangs)
    async with Engine(EngineConfig(), runtimes=[runtime]) as engine, anyio.create_task_group() as tasks:
        tasks.start_soon(engine.run, PROGRAM)
        await settle()
        gate = runtime.sandboxes[0].close_gate = anyio.Event()
        [found] = (await listing()).runs

        with pytest.raises(client.ControlError, match="has not ended within"):
            await kill(found)

        gate.set()


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"\n",
        b"no json\n",
        b"\xff\xfe\n",
        b'"list"\n',
        b'{"kind": "list", "more": 1}\n',
        b'{"kind": "stop"}\n',
        b'{"kind": "kill"}\n',
        b'{"kind": "kill", "id": 7}\n',
        b'{"kind": "kill", "id": "' + b"x" * 65 + b'"}\n',
        b"[" * control.MAX_REQUEST,
        b"x" * (1 << 20),
    ],
    ids=lambda request: repr(request[:30]),
)
async def test_garbage_is_refused_and_the_next_peer_is_answered(
    control_folder: Path, request_: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with engine_with_a_run() as engine:
        answer = await answer_to(control_folder, request_)

        assert answer == b"" or b"malformed request" in answer
        assert len((await listing()).runs) == len(engine.runs()) == 1
    assert caplog.records == []


async def test_request_that_does_not_end_is_refused_at_the_bound_and_not_before(control_folder: Path) -> None:
    async with engine_with_a_run(), await peer(control_folder) as stream:
        await stream.send(b"x" * (control.MAX_REQUEST - 1))
        with anyio.move_on_after(control.PEER_SECONDS / 20) as patience:
            await stream.receive()
        assert patience.cancelled_caught

        await stream.send(b"x")

        assert b"malformed request" in await stream.receive()


@pytest.mark.parametrize("request_", [b'{"kind": "list"}\n', b'{"kind": "list"}'])
async def test_request_is_answered_with_or_without_a_line_end(control_folder: Path, request_: bytes) -> None:
    async with engine_with_a_run() as engine:
        answer = await answer_to(control_folder, request_)

        assert msgspec.json.decode(answer)["runs"][0]["id"] == engine.runs()[0].id


async def test_silent_peer_holds_nobody_up(control_folder: Path) -> None:
    async with engine_with_a_run(), await peer(control_folder), await peer(control_folder):
        with anyio.fail_after(control.PEER_SECONDS / 2):
            assert len((await listing()).runs) == 1


async def test_more_silent_peers_than_are_served_at_once_are_let_go_in_time(
    control_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "PEER_SECONDS", 0.05)
    async with engine_with_a_run():
        peers = [await peer(control_folder) for _ in range(control.MAX_PEERS)]

        assert len((await listing()).runs) == 1

        for stream in peers:
            with pytest.raises(anyio.EndOfStream):
                await stream.receive()
            await stream.aclose()


async def test_peer_that_leaves_early_is_forgotten(
    control_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with engine_with_a_run():
        for request in (b"", b'{"kind"', b'{"kind": "list"}\n'):
            stream = await peer(control_folder)
            if request:
                await stream.send(request)
            await stream.aclose()
        await settle()

        assert len((await listing()).runs) == 1
    assert caplog.records == []


async def test_engine_closes_while_a_peer_is_silent(control_folder: Path) -> None:
    async with engine_with_a_run():
        stream = await peer(control_folder)
        await settle()

    with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
        await stream.receive()
    await stream.aclose()
    assert os.listdir(control_folder) == []


async def test_failure_of_the_engine_is_logged_and_serving_goes_on(
    control_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing:
        """Fails once."""

        def __init__(self) -> None:
            self.failures = [ZeroDivisionError("once")]

        def runs(self) -> list[RunInfo]:
            if self.failures:
                raise self.failures.pop()
            return []

        async def kill(self, run_id: str) -> None:
            raise AssertionError

    with control.open_listener() as listener:
        assert listener is not None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(control.serve, listener, Failing())

            assert len((await listing()).problems) == 1
            assert (await listing()).problems == []
            tasks.cancel_scope.cancel()
    assert "once" in caplog.text


async def test_socket_of_a_killed_engine_is_removed_and_nothing_else(control_folder: Path) -> None:
    async with engine_with_a_run():
        names = set(os.listdir(control_folder))
        for dead in ("1-00000000.sock", "other.sock"):
            with listening(control_folder, dead):
                pass
        (control_folder / "2-00000000.sock").touch()

        found = await listing()

        assert len(found.runs) == 1
        assert found.problems == []
        assert set(os.listdir(control_folder)) == names | {"other.sock", "2-00000000.sock"}


@pytest.mark.parametrize("words", [None, b"", b"garbage\n", b'{"kind": "killed"}\n', b'{"kind": "listed"}\n'])
async def test_engine_that_gives_no_answer_is_told_and_its_socket_stays(
    control_folder: Path, monkeypatch: pytest.MonkeyPatch, words: bytes | None
) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.2)
    async with engine_with_a_run(), anyio.create_task_group() as tasks:
        with listening(control_folder, "7-00000000.sock") as listener:
            if words is not None:
                tasks.start_soon(anyio.to_thread.run_sync, _say, listener, words)

            found = await listing()

        assert len(found.runs) == 1
        assert len(found.problems) == 1
        assert "the engine with pid 7" in found.problems[0]
        assert (control_folder / "7-00000000.sock").exists()


def _say(listener: socket.socket, words: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.sendall(words)


def _open_to_group(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o710)


def _open_to_all(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o701)


def _link(folder: Path) -> None:
    folder.with_name("elsewhere").mkdir(mode=0o700)
    folder.symlink_to("elsewhere")


def _foreign(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder of another user")
    folder.mkdir(mode=0o700)
    os.chown(folder, 4711, 4711)


@pytest.mark.parametrize("make", [_open_to_group, _open_to_all, _link, _foreign])
async def test_folder_that_is_not_ours_alone_is_refused_and_the_engine_works(
    control_folder: Path, caplog: pytest.LogCaptureFixture, make: object
) -> None:
    assert callable(make)
    make(control_folder)

    async with Engine(EngineConfig(), runtimes=[FakeRuntime(behaviour=prints(b"out"))]) as engine:
        result = await engine.run(PROGRAM)
        found = await listing()

    assert result.stdout == "out"
    assert "does not show the runs of this engine" in caplog.text
    assert os.listdir(control_folder) == []
    assert set(os.listdir(control_folder.parent)) <= {"isorun", "elsewhere"}  # none was made in its place
    assert len(found.problems) == 1
    assert str(control_folder) in found.problems[0]


async def test_engine_works_where_no_folder_can_be_made(
    control_folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = control_folder.with_name("file")
    file.touch()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(file))
    monkeypatch.setattr(_control_folder, "_RUN", file)
    monkeypatch.setattr(tempfile, "tempdir", str(file))
    caplog.set_level(logging.INFO)

    async with Engine(EngineConfig(), runtimes=[FakeRuntime(behaviour=prints(b"out"))]) as engine:
        assert (await engine.run(PROGRAM)).stdout == "out"
        assert await listing() == ([], [])

    assert [record.levelname for record in caplog.records if record.name == "isorun.control"] == ["INFO"]


async def test_engine_is_found_wherever_it_listens(
    control_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service has no runtime folder of its own, and a terminal has one."""
    with monkeypatch.context() as patch:
        patch.delenv("XDG_RUNTIME_DIR")
        async with engine_with_a_run() as engine:
            patch.undo()

            [found] = (await listing()).runs

            assert found.info.id == engine.runs()[0].id
            assert control_folder.name not in os.listdir(control_folder.parent)


@pytest.mark.parametrize("value", ["", "relative", "/no/such/folder"])
def test_runtime_folder_that_is_none_is_left_out(
    control_folder: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", value)

    assert {path.name for path in _control_folder.candidates()} == {f"isorun-{os.geteuid()}"}


def test_runtime_folder_of_another_user_is_left_out(
    control_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = control_folder.with_name("other")
    _foreign(other)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(other))

    assert other / "isorun" not in _control_folder.candidates()
