"""Serve the processes of this user that list and end the runs of an engine; `_control_client.py` asks.

A request is one line of JSON over a unix socket, and so is its answer. A peer can be slow, silent or wrong:
each has a deadline, and none can end or delay anything but the runs that it names.
"""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Annotated, Protocol

import anyio
import msgspec

from . import _control_folder
from ._control_folder import FolderError
from ._exceptions import EngineError, RunNotFoundError
from ._peers import accepted, is_outside, peer_of
from ._runs import RunInfo

#: A request is a line of less than a hundred bytes.
MAX_REQUEST = 1024
#: A peer sends its request at once, and reads the answer.
PEER_SECONDS = 2.0
#: A killed run is gone in milliseconds; it takes seconds only if it hangs in the kernel.
KILL_SECONDS = 15.0
#: Peers served at once; more of them wait until one has gone or its time is up.
MAX_PEERS = 16

_log = logging.getLogger("isorun.control")


class ListRuns(msgspec.Struct, frozen=True, tag_field="kind", tag="list", forbid_unknown_fields=True):
    """Asks for the runs in progress."""


class KillRun(msgspec.Struct, frozen=True, tag_field="kind", tag="kill", forbid_unknown_fields=True):
    """Asks to end one run."""

    id: Annotated[str, msgspec.Meta(max_length=64)]


class Listed(msgspec.Struct, frozen=True, tag_field="kind", tag="listed"):
    """The runs in progress."""

    runs: list[RunInfo]


class Killed(msgspec.Struct, frozen=True, tag_field="kind", tag="killed"):
    """The run has ended."""


class Unknown(msgspec.Struct, frozen=True, tag_field="kind", tag="unknown"):
    """There is no such run: it has ended by itself, or never was."""


class Refused(msgspec.Struct, frozen=True, tag_field="kind", tag="refused"):
    """The request was not understood, or could not be met."""

    reason: str


type Answer = Listed | Killed | Unknown | Refused


class Controlled(Protocol):
    """What is asked for of an engine."""

    def runs(self) -> list[RunInfo]:
        """Describe the runs in progress."""
        ...

    async def kill(self, run_id: str) -> None:
        """End a run and wait until it has ended."""
        ...


_requests = msgspec.json.Decoder(ListRuns | KillRun)
_encoder = msgspec.json.Encoder()


@contextmanager
def open_listener() -> Iterator[socket.socket | None]:
    """Yield a listening socket, removed at the end; None, and a line in the log, where there can be none."""
    with ExitStack() as stack:
        try:
            listener = _listen(stack)
        except FolderError as error:
            _log.warning("`isorun ps` does not show the runs of this engine: %s", error)
            listener = None
        except OSError as error:  # a machine without such places
            _log.info("`isorun ps` does not show the runs of this engine: %s", error)
            listener = None
        yield listener


async def serve(listener: socket.socket, engine: Controlled) -> None:
    """Answer peers until cancelled."""
    places = anyio.Semaphore(MAX_PEERS)
    async with anyio.create_task_group() as tasks:
        while True:
            await places.acquire()
            tasks.start_soon(_attend, await accepted(listener, _log), engine, places)


def _listen(stack: ExitStack) -> socket.socket:
    """Make the socket of an engine; the stack removes and closes it."""
    folder = stack.enter_context(_control_folder.made())
    listener = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    listener.setblocking(False)
    name = _control_folder.new_name()
    # Who connects before it listens is refused, and would take it for a dead one: its name comes last.
    listener.bind(_control_folder.address(folder, f"{name}.new"))
    listener.listen(MAX_PEERS)
    os.rename(f"{name}.new", name, src_dir_fd=folder, dst_dir_fd=folder)
    stack.callback(_remove, folder, name)
    return listener


def _remove(folder: int, name: str) -> None:
    with suppress(OSError):  # somebody else may have cleaned up
        os.unlink(name, dir_fd=folder)


async def _attend(connection: socket.socket, engine: Controlled, places: anyio.Semaphore) -> None:
    """Answer one peer; whatever it does, nothing is raised."""
    try:
        with connection:
            connection.setblocking(False)
            await _converse(connection, engine)
    except (ConnectionError, TimeoutError):
        pass  # it has gone, says nothing, or does not read
    except Exception:  # nothing that a peer brings about may end the engine
        _log.exception("a request was not answered")
    finally:
        places.release()


async def _converse(connection: socket.socket, engine: Controlled) -> None:
    with anyio.fail_after(PEER_SECONDS):
        request = await _receive(connection)
    answer = (
        await _answer(request, engine)
        if is_outside(peer_of(connection))
        else Refused("the request comes from another user namespace")
    )
    with anyio.fail_after(PEER_SECONDS):
        await _send(connection, _encoder.encode(answer) + b"\n")


async def _answer(request: bytes, engine: Controlled) -> Answer:
    try:
        wanted = _requests.decode(request)
        return Listed(engine.runs()) if isinstance(wanted, ListRuns) else await _killed(wanted.id, engine)
    except msgspec.DecodeError as error:
        return Refused(f"malformed request: {error}")
    except EngineError as error:
        return Refused(str(error))


async def _killed(run_id: str, engine: Controlled) -> Answer:
    try:
        with anyio.fail_after(KILL_SECONDS):
            await engine.kill(run_id)
    except RunNotFoundError:
        return Unknown()
    except TimeoutError:
        return Refused(f"the run has not ended within {KILL_SECONDS:g} s")
    return Killed()


async def _receive(connection: socket.socket) -> bytes:
    """Return the first line, or what came until the peer ended it or the bound was reached."""
    data = b""
    while not data.endswith(b"\n") and len(data) < MAX_REQUEST:
        await anyio.wait_readable(connection)
        with suppress(BlockingIOError):
            part = connection.recv(MAX_REQUEST - len(data))
            if not part:
                break
            data += part
    return data


async def _send(connection: socket.socket, data: bytes) -> None:
    left = memoryview(data)
    while left:
        await anyio.wait_writable(connection)
        with suppress(BlockingIOError):
            left = left[connection.send(left) :]
