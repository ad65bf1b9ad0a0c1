"""Docker's daemon as tests see it from outside: its containers, and daemons of a test's own."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from engine import EngineError
from runtimes.docker._catalog import reference
from runtimes.docker._container import OWNER_LABEL
from runtimes.docker._endpoint import find_socket
from tests.support.machine import PATIENCE_SECONDS, command_line, descendants, wait_until

#: Holds the base image and a few containers.
_DATA_MIB = 600


def require_daemon() -> Path:
    """Return the socket of the machine's daemon, or skip the test and say what is missing."""
    path, missing = _daemon()
    if missing:
        pytest.skip(missing)
    return path


@cache
def _daemon() -> tuple[Path, str]:
    try:
        path = find_socket()
    except EngineError as error:
        return Path(), f"{error}; {error.hint}"
    try:
        docker("image", "inspect", reference("python"), host=path)
    except FileNotFoundError:
        return path, "there is no `docker` command"
    except subprocess.CalledProcessError as error:
        return path, f"{error.stderr.strip()}; `isorun setup --image python`"
    return path, ""


def docker(*arguments: str, host: Path | None = None) -> str:
    """Run Docker's command line and return what it prints."""
    where = ("--host", f"unix://{host}") if host else ()
    command = ["docker", *where, *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


def containers_of(pid: int, *, host: Path | None = None) -> list[dict[str, Any]]:
    """Return the containers that engines of a process have, dead ones too."""
    listed = docker("ps", "--all", "--format", "{{json .}}", "--filter", f"label={OWNER_LABEL}", host=host)
    found = [json.loads(line) for line in listed.splitlines()]
    return [one for one in found if one["Labels"].partition(f"{OWNER_LABEL}=")[2].split(":")[2] == str(pid)]


class PrivateDaemon:
    """A daemon of a test's own, with all of its data in a small file system.

    Attributes:
        socket: Where it listens.
        data: Its data.
    """

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "docker.sock"
        self.data = folder / "data"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._outside: set[Path] = set()

    @property
    def pid(self) -> int:
        """Of its process, which was started."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers."""
        flags = ["--bridge=none", "--iptables=false", "--ip-forward=false", "--ip-masq=false"]
        with open(self._folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                [
                    # In a network of its own: a daemon without a bridge removes the one that it finds.
                    "unshare",
                    "--net",
                    "dockerd",
                    *flags,
                    f"--host=unix://{self.socket}",
                    f"--data-root={self.data}",
                    f"--exec-root={self._folder / 'exec'}",
                    f"--pidfile={self._folder / 'pid'}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._answers, what=f"the daemon answers; its log is {self._folder / 'log'}")

    def kill(self) -> None:
        """Kill the daemon, and wait for the one below it, which shares its fate. Containers go on."""
        assert self._process is not None
        self._outside |= self._sockets_of_shims()
        self._process.kill()
        self._process.wait(PATIENCE_SECONDS)
        self._end_below(signal.SIGKILL)
        # As long as the dead one has a number, the next daemon takes it for one that goes on.
        (self._folder / "exec" / "containerd" / "containerd.pid").unlink(missing_ok=True)

    def stop(self) -> None:
        """Stop it and wait for its end, and that of all below it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(2 * PATIENCE_SECONDS)
            self._process = None
        self._end_below(signal.SIGTERM)
        # Of one that was killed and could not be started again.
        for shim in self._started("containerd-shim"):
            for pid in (*descendants(shim), shim):
                _send(pid, signal.SIGKILL)
        for socket in self._outside:
            socket.unlink(missing_ok=True)

    def _sockets_of_shims(self) -> set[Path]:
        """Return the sockets of the supervisors of containers, which lie outside of our folder."""
        told = (self._folder / "exec" / "containerd" / "daemon").glob("*/moby/*/address")
        return {Path(address.read_text().strip().removeprefix("unix://")) for address in told}

    def _end_below(self, how: signal.Signals) -> None:
        for pid in self._started("containerd "):
            _send(pid, how)
        wait_until(lambda: not self._started("containerd "), what="containerd ends")

    def _started(self, name: str) -> list[int]:
        """Return the processes of a name that have our folder in their arguments."""
        pids = map(int, filter(str.isdigit, os.listdir("/proc")))
        lines = {pid: command_line(pid) for pid in pids}
        own = f" {self._folder}/"
        return [
            pid for pid, line in lines.items() if line.startswith(name) or f"/{name}" in line if own in line
        ]

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "log").read_text()[-2000:]
        command = ["docker", "--host", f"unix://{self.socket}", "info"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _send(pid: int, how: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, how)


@contextmanager
def private_daemon(folder: Path) -> Iterator[PrivateDaemon]:
    """Start a daemon that has the base image, and leave nothing of it."""
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        pytest.skip("a daemon of one's own needs root and dockerd")
    base = reference("base")
    daemon = PrivateDaemon(folder)
    daemon.data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DATA_MIB}m", "none", daemon.data], check=True)
    try:
        daemon.start()
        save = subprocess.Popen(["docker", "save", base], stdout=subprocess.PIPE)
        with save:
            load = ["docker", "--host", f"unix://{daemon.socket}", "load"]
            subprocess.run(load, stdin=save.stdout, capture_output=True, check=True)
        yield daemon
    finally:
        daemon.stop()
        subprocess.run(["umount", "--lazy", "--recursive", daemon.data], check=True)
