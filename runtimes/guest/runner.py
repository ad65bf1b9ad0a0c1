"""The process that becomes the program: prepares the box, takes one request, drops what it holds, runs it.

Trusted until the last line of `main`; everything before that happens without a byte of user code.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _socket
import marshal
import os
import resource
import sys
import time
from functools import partial

# Loaded here, while nobody waits for it yet.
import program  # type: ignore[import-not-found]
from report import encode  # type: ignore[import-not-found]

TYPE_CHECKING = False  # `typing` alone would double a fresh start
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

BOX = "/box"
#: The working folder of the program, in the box with its temporary files.
WORK = f"{BOX}/work"
TEMPORARY = f"{BOX}/tmp"  # noqa: S108  # of this sandbox alone
FOLDERS = (WORK, TEMPORARY)
#: Named pipe of an interpreter that waits; it removes the name before it takes a program.
REPORT = f"{BOX}/report"
_MAX_REQUEST = 1 << 30
#: Modules of ours that run programs in place of an interpreter.
ENTRIES = ("wasm", "wasm_build")
#: Not for the program to find.
_OWN_MODULES = (
    "runner",
    "box",
    "immortal",
    "kernel",
    "maker",
    "order",
    *ENTRIES,
    "zygote",
    "marshal",
    "resource",
    "_socket",
)


def main(
    control: int,
    report: int,
    ready: bytes = b'{"kind":"ready"}',
    rehearsals: tuple[Callable[[], None], ...] = (),
) -> None:
    """Wait for a program and become it.

    Args:
        control: Unix socket to the host; closed before user code runs.
        report: Pipe for what the program says about itself: its value, its error.
        ready: The frame that says that the program may come.
        rehearsals: What is done while it is waited for, so that it is done faster the next time.
    """
    os.setsid()
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    connection = connect(control)
    try:
        _make_box(connection, ready)
        kept = _rehearsed(rehearsals)
        request = receive(connection)
        for path, target in request["links"]:
            os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
            os.symlink(target, path)
        if "takeover" in request:
            source, rights = "", [_make_report()]
        else:
            _place_files(connection, request["files"])
            rights = []
            source = "" if request["entry"] is not None else _write_source(request)
        _limit(request["limits"])
        os.environ.update(request["env"])
        _hand_over(connection, b'{"kind":"started","monotonic_ns":%d}' % time.monotonic_ns(), rights)
    except Exception as error:
        refuse(connection, error)
    following = None
    if request.get("is_one_of_many"):
        kept.add(connection.fileno())
        following = partial(_next, connection)
    else:
        connection.close()
    _close_all_but({report, *kept})
    if request.get("entry") is not None:
        _entry(request, report, following)
    _starter(request)(request, source, report)


def _rehearsed(rehearsals: tuple[Callable[[], None], ...]) -> set[int]:
    """Do the rehearsals; return the descriptors that they have opened and go on to use."""
    if not rehearsals:
        return set()
    before = _open_descriptors()
    for rehearse in rehearsals:
        rehearse()
    return _open_descriptors() - before


def _open_descriptors() -> set[int]:
    return {descriptor for descriptor in map(int, os.listdir("/proc/self/fd")) if _is_open(descriptor)}


def _is_open(descriptor: int) -> bool:
    """Whether it still is: the one that a listing was made with is closed, and its number free for others."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _close_all_but(kept: set[int]) -> None:
    """Close every descriptor above the standard ones but these."""
    begin = 3
    for number in sorted(kept):
        os.closerange(begin, number)
        begin = number + 1
    os.closerange(begin, 256)


def connect(control: int) -> _socket.socket:
    """Take the socket to the host."""
    return _socket.socket(fileno=control)


def _make_box(connection: _socket.socket, ready: bytes) -> None:
    """Make the folders, and hand the host what it needs of them.

    That is a descriptor of the working folder, to collect output files later, and one of our mount namespace,
    to mount what the policy of the run asks for.
    """
    for folder in FOLDERS:
        os.mkdir(folder, 0o700)
    os.chdir(WORK)
    work = os.open(WORK, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    mounts = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    _hand_over(connection, ready, [work, mounts])


def receive(connection: _socket.socket) -> dict[str, Any]:
    """Read one request. It comes from the trusted host, so `marshal`, the cheapest decoder, will do."""
    size = int.from_bytes(_exactly(connection, 8), "big")
    if size > _MAX_REQUEST:
        raise ValueError(f"request of {size} bytes")
    request: dict[str, Any] = marshal.loads(_exactly(connection, size))  # noqa: S302  # from the host
    return request


def _exactly(connection: _socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    view, filled = memoryview(data), 0
    while filled < size:
        count = connection.recv_into(view[filled:])
        if count == 0:
            os._exit(0)  # the host gave this sandbox up
        filled += count
    return data


def _place_files(connection: _socket.socket, files: list[tuple[str, int, int]]) -> None:
    """Write the input files (name, mode, size) whose content follows the request, one after the other."""
    for name, mode, size in files:
        folder = os.path.dirname(name)
        if folder:
            os.makedirs(folder, 0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, mode)
        left = size
        while left:
            chunk = connection.recv(min(left, 1 << 20))
            if not chunk:
                os._exit(0)
            left -= len(chunk)
            while chunk:
                chunk = chunk[os.write(descriptor, chunk) :]
        os.close(descriptor)


def _limit(limits: dict[str, tuple[int, int] | None]) -> None:
    """Set soft and hard limits: the second line behind the cgroup, which counts the whole tree."""
    numbers = {
        "cpu_seconds": resource.RLIMIT_CPU,
        "file_bytes": resource.RLIMIT_FSIZE,
        "open_files": resource.RLIMIT_NOFILE,
        "processes": resource.RLIMIT_NPROC,
        "address_bytes": resource.RLIMIT_AS,
    }
    for name, number in numbers.items():
        pair = limits[name]
        if pair is not None:
            roof = resource.getrlimit(number)[1]
            soft, hard = pair if roof == resource.RLIM_INFINITY else (min(value, roof) for value in pair)
            resource.setrlimit(number, (soft, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _hand_over(connection: _socket.socket, payload: bytes, descriptors: list[int]) -> None:
    """Send a frame to the host, with descriptors that are ours no more."""
    data = b"".join(number.to_bytes(4, sys.byteorder) for number in descriptors)
    rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, data)] if descriptors else []
    connection.sendmsg([len(payload).to_bytes(4, "big") + payload], rights)
    for number in descriptors:
        os.close(number)


def say(connection: _socket.socket, payload: bytes) -> None:
    """Send a frame to the host."""
    connection.sendall(len(payload).to_bytes(4, "big") + payload)


def refuse(connection: _socket.socket, error: BaseException, where: str = "") -> NoReturn:
    """Tell the host why no program can run here, and end."""
    reason = f"{where}{type(error).__name__}: {error}"[:500]
    say(connection, encode({"kind": "failed", "error": reason}).encode())
    os._exit(125)


def _make_report() -> int:
    """Make a pipe with a name, for an interpreter that cannot use inherited ones; return its reading end."""
    os.mkfifo(REPORT, 0o600)
    return os.open(REPORT, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)


def _starter(request: dict[str, Any]) -> Callable[[dict[str, Any], str, int], None]:
    """Say what this process becomes."""
    if "takeover" in request:
        return _takeover
    return _python if request["command"] is None else _exec


def _takeover(request: dict[str, Any], source: str, report: int) -> None:
    """Become an interpreter that takes its program later."""
    os.close(report)
    command = request["takeover"]
    os.execve(command[0], command, os.environ)  # noqa: S606


def _exec(request: dict[str, Any], source: str, report: int) -> None:
    """Replace this process by the interpreter of another language."""
    os.close(report)
    command = request["command"]
    os.execve(command[0], [*command, source, *request["args"]], os.environ)  # noqa: S606


def _next(connection: _socket.socket) -> dict[str, Any]:
    """Take the next program of a session."""
    request = receive(connection)
    for name, _, _ in request["files"]:
        if os.path.lexists(name):
            os.unlink(name)
    _place_files(connection, request["files"])
    say(connection, b'{"kind":"started","monotonic_ns":%d}' % time.monotonic_ns())
    return request


def _entry(request: dict[str, Any], report: int, following: Callable[[], dict[str, Any]] | None) -> NoReturn:
    """Have another module of ours run the program in this very process."""
    packages = request["packages"]
    if packages is not None and packages not in sys.path:
        sys.path.append(packages)
    __import__(request["entry"]).run(request, report, following)
    os._exit(125)  # it does not return


def _python(request: dict[str, Any], source: str, report: int) -> None:
    """Run a Python program in this very interpreter."""
    for name in _OWN_MODULES:
        sys.modules.pop(name, None)
    program.run(source, request["code"], request["args"], request["packages"], request["live"], report)


def _write_source(request: dict[str, Any]) -> str:
    """Put the source where tracebacks, other interpreters and `multiprocessing` find it."""
    path = f"{TEMPORARY}/main{request['suffix']}"
    with open(path, "xb") as file:
        file.write(request["code"])
    return path
