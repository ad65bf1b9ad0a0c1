"""`isorun run` on behalf of another process: the background engine's side of `_thin.py`.

The command line is parsed, run and reported by the same functions as in a process of its own; only where its
paths begin and where its output goes is different. What reads or writes more than plain files in the client's
place is left to the client.
"""

import io
import os
import stat
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from anyio import get_cancelled_exc_class, to_thread

from engine import Engine, EngineConfig, Output
from engine._check import MAX_STDIN_BYTES
from engine._config import default_config_file
from engine.background._channel import Channel
from engine.background._frames import BEGUN, EXIT, OWN, STDERR, STDOUT
from policies._load import is_path

from ._errors import Interrupted, report
from ._execute import conclude
from ._parser import parse, wants_json
from ._request import Place, Request, request
from ._standard import speak_through
from ._stream import form
from ._thin import package, settings

#: Beginnings of paths that mean something else in each process.
_PER_PROCESS = ("/proc/", "/dev/")


class CommandLine(NamedTuple):
    """What was called, and where.

    Attributes:
        package: The folder of the installation that was called.
        folder: Where it was called.
        terminals: Whether stdout and stderr are terminals.
        encodings: Of the two.
        settings: What decides there how an engine is set up.
        argv: The command line.
    """

    package: str
    folder: str
    terminals: tuple[bool, bool]
    encodings: tuple[str, str]
    settings: Mapping[str, str]
    argv: list[str]


class Identity(NamedTuple):
    """What has to be equal in a client, and unchanged since the start, for us to speak for it."""

    package: str
    settings: Mapping[str, str]
    config_file: tuple[int, int] | None
    code: tuple[int, int] | None

    @classmethod
    def of_this_process(cls) -> "Identity":
        """Return what it is at this moment."""
        return cls(package(), settings(os.environ), _state(default_config_file()), _state_of_code())


class _Outlet:
    """What a command says to its client."""

    def __init__(self, channel: Channel, encodings: tuple[str, str]) -> None:
        self._channel = channel
        self._encodings = encodings

    def data(self, text: str) -> None:
        self._channel.send(STDOUT, text.encode(self._encodings[0], "backslashreplace"))

    def say(self, line: str) -> None:
        self._channel.send(STDERR, f"{line}\n".encode(self._encodings[1], "backslashreplace"))


class _Theirs(Exception):  # noqa: N818 (an answer, not an error)
    """The client has to do this itself."""


class Attendant:
    """Carries out the command lines that clients of a background engine pass on.

    Args:
        engine: What programs run in.
        config: How it was set up.
    """

    def __init__(self, engine: Engine, config: EngineConfig) -> None:
        self._engine = engine
        self._config = config
        self._identity = Identity.of_this_process()

    async def __call__(self, payload: bytes, channel: Channel) -> None:
        """Carry out one command line; what goes wrong is reported to the client as its own process would."""
        line = decoded(payload)
        difference = _difference(self._identity, line)
        if difference:
            channel.send(OWN, f"0{difference}".encode())
            return
        if line.argv[:1] != ["run"]:  # it asks whether it may have its programs run here
            channel.send(OWN, b"1")
            return
        speak_through(_Outlet(channel, line.encodings))
        try:
            code = await self._carried_out(line, channel)
        except _Theirs:
            channel.send(OWN, b"1")
            return
        except get_cancelled_exc_class():
            if channel.stopped_by:  # else nobody is there to be told
                code = report(Interrupted(channel.stopped_by), as_json=wants_json(line.argv))
                channel.send(EXIT, str(code).encode())
            raise
        except Exception as error:  # the edge of the command: nothing above would report it
            code = report(error, as_json=wants_json(line.argv))
        channel.send(EXIT, str(code).encode())

    async def _carried_out(self, line: CommandLine, channel: Channel) -> int:
        arguments = parse(line.argv)
        wanted = await self._request(arguments, line, channel)
        channel.send(BEGUN, b"")
        output = None if arguments.json else _Output(channel, line.terminals)
        result = await self._engine.run(
            wanted.program,
            wanted.policy,
            emit=None if output is None else output.emit,
            caller=channel.caller,
        )
        if output is not None:
            output.finish()
        return conclude(arguments, wanted, result, has_printed=output is not None and output.has_printed)

    async def _request(self, arguments: Namespace, line: CommandLine, channel: Channel) -> Request:
        if arguments.output is not None or arguments.explain:
            raise _Theirs
        stdin = None
        if "-" in (arguments.file, arguments.stdin):
            stdin = io.BytesIO(await channel.receive_input(MAX_STDIN_BYTES))
        place = Place(line.folder, stdin)
        paths = _paths(arguments, place)
        if not paths:
            return request(arguments, self._config, place)
        # A file may be on a disk that does not answer.
        return await to_thread.run_sync(self._read, arguments, place, paths, abandon_on_cancel=True)

    def _read(self, arguments: Namespace, place: Place, paths: Sequence[str]) -> Request:
        if not all(map(_is_plain, paths)):
            raise _Theirs
        return request(arguments, self._config, place)


class _Output:
    """What a program writes, on its way to the client, in the form that its terminal needs."""

    def __init__(self, channel: Channel, terminals: tuple[bool, bool]) -> None:
        self._channel = channel
        self._forms = {"stdout": (STDOUT, form(terminals[0])), "stderr": (STDERR, form(terminals[1]))}
        self.has_printed = False

    def emit(self, output: Output) -> None:
        self.has_printed = self.has_printed or output.stream == "stdout"
        kind, its_form = self._forms[output.stream]
        self._send(kind, its_form.feed(output.data))

    def finish(self) -> None:
        for kind, its_form in self._forms.values():
            self._send(kind, its_form.finish())

    def _send(self, kind: bytes, data: bytes) -> None:
        if data:
            self._channel.send(kind, data)


def decoded(payload: bytes) -> CommandLine:
    """Read what `_thin.py` sends.

    Raises:
        ValueError: Something else has sent it.
    """
    package, folder, terminals, stdout, stderr, count, *rest = map(os.fsdecode, payload.split(b"\0"))
    chosen, argv = rest[: int(count)], rest[int(count) :]
    pairs = dict(entry.split("=", 1) for entry in chosen)
    return CommandLine(
        package, folder, (terminals[:1] == "1", terminals[1:] == "1"), (stdout, stderr), pairs, argv
    )


def _difference(own: Identity, line: CommandLine) -> str:
    """Say why we must not speak for a client; empty when we may."""
    again = "`isorun down`, then `isorun up`, starts it anew"
    if line.package != own.package:
        return "the background engine belongs to another installation of isorun and is not used"
    if _state_of_code() != own.code:
        return f"isorun has changed since the background engine was started; {again}"
    if _state(default_config_file()) != own.config_file:
        return f"the configuration has changed since the background engine was started; {again}"
    names = own.settings.keys() | line.settings.keys()
    changed = sorted(name for name in names if own.settings.get(name) != line.settings.get(name))
    if changed:
        return f"the background engine was started with another `{changed[0]}` and is not used; {again}"
    return ""


def _paths(arguments: Namespace, place: Place) -> list[str]:
    """Return the files that have to be read for a command line."""
    names = [text.rpartition(":")[0] or text for text in arguments.input]
    if arguments.file not in (None, "-"):
        names.append(arguments.file)
    if arguments.policy is not None and is_path(arguments.policy):
        names.append(arguments.policy)
    return [place.path(name) for name in names]


def _is_plain(path: str) -> bool:
    """Whether a path means the same here as for the client, and reading it cannot take for ever."""
    real = os.path.realpath(path)
    if real.startswith(_PER_PROCESS):
        return False
    try:
        return stat.S_ISREG(os.stat(real).st_mode)
    except (OSError, ValueError):  # the client says so, in the words that fit its place
        return False


def _state_of_code() -> tuple[int, int] | None:
    return _state(Path(package(), "__init__.py"))


def _state(file: Path) -> tuple[int, int] | None:
    """Return what tells a changed file from an unchanged one; None if there is none."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
