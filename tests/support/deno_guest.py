"""Speaks to the guest code for JavaScript in a process of its own, without a jail."""

import json
import os
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import IO, Any, NamedTuple

from runtimes.v8._command import DENO_FOLDER, GUEST_FOLDER, NO_PACKAGES, Permissions, deno_command

GUEST_JS = Path(__file__).resolve().parents[2] / "runtimes" / "guest_js"
VARIABLES = {"DENO_DIR": "/dev/null/deno", "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}
_ENDINGS = {"javascript": "js", "typescript": "ts"}
_HEAP_MIB = 256
_START_SECONDS = 30.0
_RUN_SECONDS = 30.0


class Ended(NamedTuple):
    """What is left of a run, with the sandbox's folder called `/box`."""

    status: int
    stdout: str
    stderr: str
    frames: list[dict[str, Any]]

    @property
    def report(self) -> dict[str, Any]:
        """What the program said about itself."""
        return self.frames[-1]

    @property
    def error(self) -> dict[str, Any]:
        """How the program failed."""
        error: dict[str, Any] = self.report["error"]
        return error


class Guest:
    """A process that waits for its program."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", report: IO[bytes], box: Path, language: str
    ) -> None:
        self.process = process
        self.box = box
        self._report = report
        self._language = language

    def frame(self) -> dict[str, Any] | None:
        """Read the next frame; None when the process has closed its end."""
        size = self._report.read(4)
        if len(size) < 4:
            return None
        message: dict[str, Any] = json.loads(self._local(self._report.read(int.from_bytes(size, "big"))))
        return message

    def run(
        self,
        code: str | bytes,
        *,
        args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        files: Mapping[str, str | bytes] | None = None,
    ) -> Ended:
        """Hand a program over and wait for its end."""
        source = _bytes(code)
        contents = {name: _bytes(data) for name, data in (files or {}).items()}
        header = {
            "name": f"main.{_ENDINGS[self._language]}",
            "language": self._language,
            "code": len(source),
            "args": list(args),
            "env": dict(env or {}),
            "live": False,
            "mounts": False,
            "files": [(name, 0o600, len(data)) for name, data in contents.items()],
        }
        text = json.dumps(header).encode()
        request = b"".join([struct.pack(">I", len(text)), text, source, *contents.values(), stdin])
        frames: list[dict[str, Any]] = []
        # A report may be larger than what a pipe holds.
        reader = Thread(target=lambda: frames.extend(iter(self.frame, None)))
        reader.start()
        stdout, stderr = self.process.communicate(request, timeout=_RUN_SECONDS)
        reader.join()
        return Ended(self.process.returncode, self._local(stdout), self._local(stderr), frames)

    def _local(self, said: bytes) -> str:
        """Give the sandbox's folder the name that it has in a jail."""
        return said.decode("utf-8", "replace").replace(str(self.box), "/box")


def deno() -> Path:
    """Return the Deno that is installed with isorun."""
    found = shutil.which("deno", path=os.path.dirname(sys.executable)) or shutil.which("deno")
    assert found is not None, "Deno is not installed"
    return Path(found)


@contextmanager
def waiting(language: str = "javascript") -> Iterator[Guest]:
    """Start a process, and wait until it is ready for its program."""
    with tempfile.TemporaryDirectory(prefix="isorun-box-") as folder:
        box = Path(folder)
        for name in ("work", "tmp"):
            (box / name).mkdir()
        os.mkfifo(box / "report")
        # Both ends, so that opening waits for nobody; the writing one goes once the process has its own.
        reading = os.open(box / "report", os.O_RDONLY | os.O_NONBLOCK)
        own = os.open(box / "report", os.O_WRONLY)
        os.set_blocking(reading, True)
        with open(reading, "rb") as report, _started(box, language) as process:
            _wait_for_word(process, reading, own)
            guest = Guest(process, report, box, language)
            ready = guest.frame()
            assert ready == {"kind": "ready"}, ready
            yield guest


@contextmanager
def _started(box: Path, language: str) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen(
        command(box, language),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=box / "work",
        env={"HOME": "/box/work", "PATH": "/usr/bin:/bin", **VARIABLES},
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def run(code: str | bytes, language: str = "javascript", **more: Any) -> Ended:
    """Run one program in a process of its own."""
    with waiting(language) as guest:
        return guest.run(code, **more)


def value(code: str | bytes, language: str = "javascript", **more: Any) -> Any:
    """Run one program that succeeds, and return the value that it reports."""
    ended = run(code, language, **more)
    assert ended.status == 0, ended.stderr
    return ended.report.get("value")


def printed(code: str | bytes, language: str = "javascript", **more: Any) -> str:
    """Run one program that succeeds, and return what it prints."""
    ended = run(code, language, **more)
    assert ended.status == 0, ended.stderr
    return ended.stdout


def command(box: Path, language: str) -> list[str]:
    """Return the command line of the product, with folders of this machine."""
    places = {
        "/box,/tmp": str(box),
        "/box": str(box),
        GUEST_FOLDER: str(GUEST_JS),
        DENO_FOLDER: str(deno().parent),
    }
    pattern = re.compile("|".join(map(re.escape, places)))
    entry = ("javascript.js", language)
    words = deno_command(entry, Permissions(), NO_PACKAGES, (), heap_mib=_HEAP_MIB)
    return [pattern.sub(lambda found: places[found[0]], word) for word in words]


def _wait_for_word(process: "subprocess.Popen[bytes]", reading: int, own: int) -> None:
    """Wait for the first frame; if the process ends without one, its stderr says why."""
    pidfd = os.pidfd_open(process.pid)
    try:
        ready, _, _ = select.select([reading, pidfd], [], [], _START_SECONDS)
    finally:
        os.close(pidfd)
        os.close(own)
    if reading not in ready:
        process.kill()
        raise AssertionError(process.stderr.read().decode() if process.stderr else "not ready")


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
