"""Ask the engines of this user what they run, and have runs ended. Blocks; for the command line."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from . import _control_folder
from ._control import KILL_SECONDS, Answer, Killed, KillRun, Listed, ListRuns, Unknown
from ._control_folder import FolderError
from ._exceptions import EngineError
from ._runs import RunInfo

#: An engine answers between two turns of its event loop; one that does not is stopped, or busy.
ANSWER_SECONDS = 3.0
#: Of more than ten thousand runs.
MAX_ANSWER = 4 << 20
_CHUNK = 64 * 1024

_encoder = msgspec.json.Encoder()
_answers: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)


class ControlError(EngineError):
    """An engine did not do what it was asked."""


class Place(NamedTuple):
    """Where an engine listens.

    Attributes:
        folder: Of its socket.
        name: Of its socket.
        pid: Of its process.
    """

    folder: Path
    name: str
    pid: int


class Located(NamedTuple):
    """A run, and where its engine listens."""

    info: RunInfo
    place: Place


class Listing(NamedTuple):
    """The runs of all engines that have answered, and a sentence for each place that could not be asked."""

    runs: list[Located]
    problems: list[str]


def list_runs() -> Listing:
    """Ask all engines of this user, all at once; removes the sockets that killed engines have left."""
    listing = Listing([], [])
    with ExitStack() as stack:
        asked = [(place, stack.enter_context(connection)) for place, connection in _ask_all(listing.problems)]
        deadline = time.monotonic() + ANSWER_SECONDS
        for place, connection in asked:
            try:
                listing.runs.extend(Located(info, place) for info in _listed(place, connection, deadline))
            except ControlError as error:
                listing.problems.append(str(error))
    listing.runs.sort(key=lambda run: run.info.called_at)
    return listing


def kill_run(run: Located) -> bool:
    """End a run and wait until it has ended; return False if it had ended by itself.

    Raises:
        ControlError: Its engine does not answer, or could not end it.
    """
    with _control_folder.found(run.place.folder) as folder:
        connection = None if folder is None else _connected(folder, run.place)
    if connection is None:
        return False  # its engine has gone, and the run with it
    with connection:
        _send(run.place, connection, KillRun(run.info.id))
        match _receive(run.place, connection, time.monotonic() + KILL_SECONDS + ANSWER_SECONDS):
            case Killed():
                return True
            case Unknown():
                return False
            case answer:
                raise _refused(run.place, answer)


def _ask_all(problems: list[str]) -> Iterator[tuple[Place, socket.socket]]:
    for path in _control_folder.candidates():
        try:
            with _control_folder.found(path) as folder:
                if folder is not None:
                    yield from _ask_folder(path, folder, problems)
        except FolderError as error:
            problems.append(f"engines that listen there cannot be asked: {error}")


def _ask_folder(path: Path, folder: int, problems: list[str]) -> Iterator[tuple[Place, socket.socket]]:
    for name, pid in _control_folder.sockets(folder).items():
        place = Place(path, name, pid)
        try:
            connection = _connected(folder, place)
            if connection is not None:
                _send(place, connection, ListRuns())
                yield place, connection
        except ControlError as error:
            problems.append(str(error))


def _connected(folder: int, place: Place) -> socket.socket | None:
    """Connect to an engine; None if it has gone. What it has left if it was killed is removed."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(ANSWER_SECONDS)
    try:
        connection.connect(_control_folder.address(folder, place.name))
    except OSError as error:
        connection.close()
        if isinstance(error, ConnectionRefusedError):  # nobody listens, nor ever will under this name
            with suppress(FileNotFoundError):
                os.unlink(place.name, dir_fd=folder)
        elif not isinstance(error, FileNotFoundError):
            raise _silent(place) from error
        return None
    return connection


def _listed(place: Place, connection: socket.socket, deadline: float) -> list[RunInfo]:
    match _receive(place, connection, deadline):
        case Listed(runs=runs):
            return runs
        case answer:
            raise _refused(place, answer)


def _send(place: Place, connection: socket.socket, request: ListRuns | KillRun) -> None:
    try:
        connection.sendall(_encoder.encode(request) + b"\n")
    except OSError as error:
        connection.close()
        raise _silent(place) from error


def _receive(place: Place, connection: socket.socket, deadline: float) -> Answer:
    data = b""
    try:
        while not data.endswith(b"\n") and len(data) < MAX_ANSWER:
            connection.settimeout(max(deadline - time.monotonic(), 0.001))
            part = connection.recv(_CHUNK)
            if not part:
                break
            data += part
        return _answers.decode(data)
    except (OSError, msgspec.DecodeError) as error:
        raise _silent(place) from error


def _silent(place: Place) -> ControlError:
    return ControlError(
        f"the engine with pid {place.pid} does not answer", hint="is its process stopped, or busy?"
    )


def _refused(place: Place, answer: Answer) -> ControlError:
    reason = getattr(answer, "reason", "an answer to another question")
    return ControlError(f"the engine with pid {place.pid} refuses: {reason}")
