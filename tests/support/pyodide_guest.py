"""Speaks to the guest code of the Pyodide tier in a process of its own, without a jail."""

import functools
import json
import os
import select
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from engine import RuntimeUnavailableError, load_config
from runtimes.environments._staging import cache_lock
from runtimes.pyodide._distribution import Pyodide, ensure_pyodide, find_pyodide
from runtimes.pyodide._snapshot import CLOSED, GUEST_JS

V8_FLAGS = "--v8-flags=--expose-gc,--no-wasm-deopt"
_START_SECONDS = 60.0
_RUN_SECONDS = 50.0


class Ended(NamedTuple):
    """What is left of a run."""

    status: int
    stdout: bytes
    stderr: bytes
    frames: list[dict[str, Any]]

    @property
    def report(self) -> dict[str, Any]:
        """What the program said about itself."""
        return self.frames[-1]


def deno() -> Path:
    """Return the Deno that is installed with isorun."""
    found = shutil.which("deno", path=os.path.dirname(sys.executable)) or shutil.which("deno")
    assert found is not None, "Deno is not installed"
    return Path(found)


@functools.cache
def pyodide() -> Pyodide:
    """Return the distribution in the machine's own cache; sets it up if it is not there."""
    cache = load_config().cache
    try:
        return find_pyodide(cache)
    except RuntimeUnavailableError:
        with cache_lock(cache, print):
            return ensure_pyodide(cache, deno(), (), print)


class Guest:
    """A process that waits for its program."""

    def __init__(self, process: "subprocess.Popen[bytes]", report: IO[bytes], box: Path) -> None:
        self.process = process
        self.box = box
        self._report = report

    def fileno(self) -> int:
        """Return the descriptor that frames come from."""
        return self._report.fileno()

    def frame(self) -> dict[str, Any] | None:
        """Read the next frame; None when the process has closed its end."""
        size = self._report.read(4)
        if len(size) < 4:
            return None
        message: dict[str, Any] = json.loads(self._report.read(int.from_bytes(size, "big")))
        return message

    def run(
        self,
        code: str | bytes,
        *,
        args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        files: Mapping[str, bytes] | None = None,
    ) -> Ended:
        """Hand a program over and wait for its end."""
        source = code.encode() if isinstance(code, str) else code
        contents = files or {}
        header = {
            "name": "main.py",
            "language": "python",
            "code": len(source),
            "args": list(args),
            "env": dict(env or {}),
            "live": False,
            "mounts": False,
            "files": [(name, 0o600, len(data)) for name, data in contents.items()],
        }
        text = json.dumps(header).encode()
        request = b"".join([struct.pack(">I", len(text)), text, source, *contents.values(), stdin])
        stdout, stderr = self.process.communicate(request, timeout=_RUN_SECONDS)
        frames = list(iter(self.frame, None))
        return Ended(self.process.returncode, stdout, stderr, frames)


@contextmanager
def waiting(*, ffi: bool = True, packages: Path | None = None) -> Iterator[Guest]:
    """Start a process, and wait until it is ready for its program."""
    box = Path(tempfile.mkdtemp(prefix="isorun-box-"))
    for name in ("work", "tmp"):
        (box / name).mkdir()
    os.mkfifo(box / "report")
    # Both ends, so that opening waits for nobody; the writing one goes once the process has its own.
    reading = os.open(box / "report", os.O_RDONLY | os.O_NONBLOCK)
    own = os.open(box / "report", os.O_WRONLY)
    os.set_blocking(reading, True)
    process = subprocess.Popen(
        _command(box, packages or box / "none", ffi=ffi),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=box / "work",
        env={"HOME": "/box/work", "LANG": "C.UTF-8", "DENO_DIR": str(box / "deno"), "NO_COLOR": "1"},
    )
    try:
        with process, open(reading, "rb", buffering=0) as report:
            guest = Guest(process, report, box)
            try:
                ready = _first_frame(guest, own)
                assert ready == {"kind": "ready"}, ready
                yield guest
            finally:
                process.kill()
    finally:
        shutil.rmtree(box)


def run(code: str | bytes, **more: Any) -> Ended:
    """Run one program in a process of its own."""
    with waiting() as guest:
        return guest.run(code, **more)


def value(code: str, **more: Any) -> Any:
    """Run one program and return the value that it reports."""
    ended = run(code, **more)
    assert ended.status == 0, ended.stderr.decode()
    return ended.report.get("value")


def _first_frame(guest: Guest, own: int) -> dict[str, Any] | None:
    """Wait for the word of the process; if it ends without one, its stderr says why."""
    pidfd = os.pidfd_open(guest.process.pid)
    try:
        ready, _, _ = select.select([guest.fileno(), pidfd], [], [], _START_SECONDS)
    finally:
        os.close(pidfd)
        os.close(own)
    if guest.fileno() not in ready:
        guest.process.kill()
        raise AssertionError(guest.process.stderr.read().decode() if guest.process.stderr else "not ready")
    return guest.frame()


def _command(box: Path, packages: Path, *, ffi: bool) -> list[str]:
    distribution = pyodide().folder
    readable = ",".join(map(str, (box, distribution, packages, GUEST_JS)))
    permissions = [f"--allow-read={readable},/mnt", f"--allow-write={box}", "--allow-env"]
    if ffi:
        permissions.append("--allow-ffi")
    flags = ["--quiet", *CLOSED, V8_FLAGS, *permissions]
    return [
        str(deno()),
        "run",
        *flags,
        str(GUEST_JS / "pyodide.js"),
        str(box),
        str(distribution),
        str(packages),
    ]
