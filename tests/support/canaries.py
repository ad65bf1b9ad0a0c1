"""Things of the host that no program may see: a file, a variable, a process, sockets."""

import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple


class Canaries(NamedTuple):
    """Where the canaries are.

    Attributes:
        text: What the files and the sockets say; must never be seen by a program.
        file: A file that everybody on the host may read.
        home_file: One in the caller's home.
        marker: Part of the arguments of a process.
        port: Of a TCP server on the loopback device.
        abstract: Name of an abstract unix socket.
        path: Of a unix socket in a folder.
        process: A process of the host under the caller's uid.
        connections: How many clients have reached a server.
    """

    text: str
    file: Path
    home_file: Path
    marker: str
    port: int
    abstract: str
    path: Path
    process: subprocess.Popen[bytes]
    connections: list[str]

    def variables(self) -> dict[str, str]:
        """Return what an attacker is told: all names, but of the text only a reversed copy."""
        return {
            "CANARY_FILE": str(self.file),
            "CANARY_HOME_FILE": str(self.home_file),
            "CANARY_PROCESS": self.marker,
            "CANARY_PORT": str(self.port),
            "CANARY_SOCKET": self.abstract,
            "CANARY_SOCKET_PATH": str(self.path),
            "CANARY_TEXT_REVERSED": self.text[::-1],
        }


@contextmanager
def planted(folder: Path) -> Iterator[Canaries]:
    """Plant all canaries; on leaving they are removed, and the process must still be alive."""
    token = secrets.token_hex(16)
    text = f"canary-{token}"
    with ExitStack() as stack:
        file = _write(folder / "canary.txt", text)
        home_file = _write(Path.home() / f".isorun-canary-{token}", text)
        stack.callback(home_file.unlink)
        connections: list[str] = []
        tcp = socket.create_server(("127.0.0.1", 0))
        abstract = _unix_server(f"\0isorun-canary-{token}")
        named = _unix_server(str(folder / "canary.sock"))
        (folder / "canary.sock").chmod(0o777)
        for name, server in (("tcp", tcp), ("abstract", abstract), ("named", named)):
            stack.enter_context(closing(server))
            threading.Thread(target=_serve, args=(name, server, text, connections), daemon=True).start()
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", "import time; time.sleep(600)", f"marker-{token}"]
        )
        stack.callback(_end, process)
        yield Canaries(
            text=text,
            file=file,
            home_file=home_file,
            marker=f"marker-{token}",
            port=tcp.getsockname()[1],
            abstract=f"isorun-canary-{token}",
            path=folder / "canary.sock",
            process=process,
            connections=connections,
        )
        assert process.poll() is None, "a program ended a process of the host"


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="ascii")
    path.chmod(0o644)
    return path


def _unix_server(address: str) -> socket.socket:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(address)
    server.listen()
    return server


def _serve(name: str, server: socket.socket, text: str, connections: list[str]) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        connections.append(name)
        with connection:
            connection.sendall(text.encode())


def _end(process: subprocess.Popen[bytes]) -> None:
    os.kill(process.pid, 9)
    process.wait(10)
