"""`isorun run` by the background engine: pass the command line on, and its output back.

Whether such a command is quick is decided by what it imports, so this module imports what the interpreter has
at hand anyway. The engine reads the command line (see `_attend.py`); what it cannot do for another process,
it leaves to us.
"""

import os
import sys

TYPE_CHECKING = False

if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable, Iterator, Sequence
    from typing import NoReturn

#: Of the environment, what decides how an engine is set up.
SETTINGS = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
#: An engine takes more, but nobody waits for that many bytes of a command line.
_CHUNK = 65536
#: An engine says at once that it begins. One that does not is stopped, or hangs.
_ANSWER_SECONDS = 10.0
_HEADER = 5
# As in `_exit.py`, which imports more.
_BROKEN_PIPE = 141
_HOST_FAILURE = 4
_SIGINT, _SIGTERM = 2, 15


class Own(Exception):  # noqa: N818 (an answer, not an error)
    """The command has to be carried out here.

    Attributes:
        shared: Whether that may use the background engine, in a way that takes longer to begin.
        note: What a person should know about it.
    """

    def __init__(self, *, shared: bool = False, note: str = "") -> None:
        super().__init__(note)
        self.shared = shared
        self.note = note


class _Stopped(Exception):  # noqa: N818 (a request, not an error)
    """A signal came while we waited for a reader of our output, or for our input."""


def delegate(argv: "Sequence[str]") -> int:
    """Let the background engine carry out a command line, and return the exit code.

    Raises:
        Own: It does not, and has not begun either.
    """
    if not _may_be_delegated(argv):
        raise Own
    connection = _connected()
    if connection is None:
        raise Own
    try:
        return _Conversation(connection, as_json="--json" in _own(argv)).hold(_request(argv))
    finally:
        connection.close()


def settings(environ: "os._Environ[str]") -> dict[str, str]:
    """Return what of an environment decides how an engine is set up."""
    return {name: value for name, value in environ.items() if name in SETTINGS or name.startswith("ISORUN_")}


def package() -> str:
    """Return the folder of this installation."""
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _may_be_delegated(argv: "Sequence[str]") -> bool:
    own = _own(argv)
    is_help = "-h" in own or "--help" in own
    is_off = "--no-background" in own or os.environ.get("ISORUN_BACKGROUND") == "0"
    return argv[:1] in (["run"], ["agent"]) and not is_help and not is_off


def _own(argv: "Sequence[str]") -> "Sequence[str]":
    """Return what is for us: the rest is for the program."""
    return argv[: argv.index("--")] if "--" in argv else argv


def _connected() -> "socket | None":
    """Return a connection to the background engine, None if none listens."""
    from engine.background._address import SOCKET, address, candidates, open_folder

    for path in candidates():
        folder = open_folder(path)
        if folder is None:
            continue
        try:
            connection = _connect(address(folder, SOCKET))
        finally:
            os.close(folder)
        if connection is not None:
            return connection
    return None


def _connect(path: str) -> "socket | None":
    from _socket import AF_UNIX, SOCK_STREAM, socket

    connection = socket(AF_UNIX, SOCK_STREAM)
    try:
        connection.connect(path)
    except OSError:  # nobody listens
        connection.close()
        return None
    return connection


def _request(argv: "Sequence[str]") -> bytes:
    """Return where a command line was written, and the command line: byte strings between NULs."""
    try:
        folder = os.getcwd()
    except OSError as error:  # it was removed
        raise Own(shared=True) from error
    chosen = [f"{name}={value}" for name, value in settings(os.environ).items()]
    terminals = "".join("1" if os.isatty(number) else "0" for number in (1, 2))
    encodings = [_encoding(sys.stdout), _encoding(sys.stderr)]
    fields = [package(), folder, terminals, *encodings, str(len(chosen)), *chosen, *argv]
    return b"\0".join(map(os.fsencode, fields))


def _encoding(stream: object) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


class _Conversation:
    """One command: frames to the engine and back, as `engine.background` describes them."""

    def __init__(
        self, connection: "socket", answer_seconds: float = _ANSWER_SECONDS, *, as_json: bool = False
    ) -> None:
        connection.settimeout(answer_seconds)
        self._connection = connection
        self._as_json = as_json
        self._has_output = False
        self._begun = False
        self._signal = 0
        self._is_sending = False  # a frame must not begin inside of another
        self._may_raise = False  # we wait for something that may take for ever
        self._is_silent = False

    def hold(self, request: bytes) -> int:
        """Send the command, pass its output on, and return its exit code."""
        before = self._watch_signals()
        try:
            self._send(b"C", request)
            for kind, payload in self._frames():
                self._connection.settimeout(None)
                code = self._answer(kind, payload)
                if code is not None:
                    return code
        except ConnectionError:
            pass  # as if it had ended the conversation
        except TimeoutError:
            return self._silent()
        finally:
            self._unwatch_signals(before)
        return self._lost()

    def _answer(self, kind: bytes, payload: bytes) -> "int | None":
        """Do what a frame asks for; return the exit code if that was the last one."""
        if kind in (b"o", b"e"):
            return self._write(1 if kind == b"o" else 2, payload)
        if kind == b"x":
            return int(payload)
        if kind == b"i":
            self._send_input()
        elif kind == b"b":
            self._begun = True
        elif kind == b"f":
            raise Own(shared=payload[:1] == b"1", note=payload[1:].decode("utf-8", "replace"))
        return None

    def _silent(self) -> int:
        # It may still begin, so nobody else must.
        return self._fail(
            b"the background engine does not answer",
            b"is its process stopped? `--no-background` leaves it out",
        )

    def _lost(self) -> int:
        if not self._begun and not self._signal:
            raise Own
        return self._fail(
            b"the background engine has gone, and the program with it", b"`isorun up` starts another one"
        )

    def _fail(self, message: bytes, hint: bytes) -> int:
        """Say that the host has failed, in the same forms as `_errors.py`, and return the exit code."""
        if self._as_json and not self._has_output:
            error = b'{"type": "BackgroundError", "message": "%b", "hint": "%b"}' % (message, hint)
            self._write(1, b'{"error": %b}\n' % error)
        else:
            self._say(b"error: %b\nhint: %b\n" % (message, hint))
        return 128 + self._signal if self._signal else _HOST_FAILURE

    def _frames(self) -> "Iterator[tuple[bytes, bytes]]":
        received = bytearray()
        while part := self._connection.recv(_CHUNK):
            received += part
            while len(received) >= _HEADER:
                end = _HEADER + int.from_bytes(received[1:_HEADER], "big")
                if len(received) < end:
                    break
                kind, payload = bytes(received[:1]), bytes(received[_HEADER:end])
                del received[:end]
                yield kind, payload

    def _send(self, kind: bytes, payload: bytes) -> None:
        signalled = self._signal
        self._is_sending = True
        self._connection.sendall(kind + len(payload).to_bytes(4, "big") + payload)
        self._is_sending = False
        if self._signal != signalled:
            self._send_stop()

    def _send_stop(self) -> None:
        try:
            self._send(b"K", str(self._signal).encode())
        except OSError:
            pass  # the engine has gone, which is noticed where we read

    def _send_input(self) -> None:
        """Send standard input; an empty frame is its end."""
        while data := self._read():
            self._send(b"I", data)
        self._send(b"I", b"")

    def _read(self) -> bytes:
        try:
            self._may_raise = not self._signal
            return os.read(0, _CHUNK) if self._may_raise else b""
        except (_Stopped, OSError):
            return b""
        finally:
            self._may_raise = False

    def _write(self, descriptor: int, data: bytes) -> "int | None":
        """Write to a standard descriptor, waiting as long as it takes; return an exit code if that is it."""
        if self._is_silent:
            return None
        self._has_output |= descriptor == 1
        try:
            self._may_raise = True
            _write_all(descriptor, data)
        except BrokenPipeError:
            return _BROKEN_PIPE
        except _Stopped:
            self._is_silent = True  # nobody reads it, and somebody waits for our end
        except OSError as error:
            self._say(f"error: output cannot be written: {error.strerror}\n".encode())
            return _HOST_FAILURE
        finally:
            self._may_raise = False
        return None

    def _say(self, line: bytes) -> None:
        try:
            os.write(2, line)
        except OSError:
            pass  # then the exit code has to do

    def _watch_signals(self) -> "dict[int, object]":
        """Take the signals that end us; return who had them before."""
        signal = _signals()

        return {number: signal(number, self._stop) for number in (_SIGINT, _SIGTERM)}

    def _unwatch_signals(self, before: "dict[int, object]") -> None:
        signal = _signals()

        for number, handler in before.items():
            if handler is not None:  # one that was not set from Python cannot be set again
                signal(number, handler)

    def _stop(self, number: int, frame: object) -> None:
        """Ask the engine to end the program; it answers with its exit code when that is done."""
        if not self._signal:
            self._signal = number
            if not self._is_sending:
                self._send_stop()
        if self._may_raise:
            raise _Stopped


def _signals() -> "Callable[[int, object], object]":
    """Return what `signal.signal` wraps: that module imports `enum`, and with it much else."""
    import _signal  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]

    found: Callable[[int, object], object] = _signal.signal
    return found


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:  # somebody else made it non-blocking
            from select import select

            select([], [descriptor], [])


def leave(code: int) -> "NoReturn":
    """End this process at once: nothing of ours is open, and taking the interpreter down takes time."""
    os._exit(code)
