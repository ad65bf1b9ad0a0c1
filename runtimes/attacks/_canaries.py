"""What is planted for an attack: things of the host that no program may read, change, reach or end."""

import os
import re
import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

import anyio

from engine import EngineError, Result
from engine._process import Companion

#: Names go into the text of programs in several languages; others than these would have to be escaped. And
#: the address of a socket is short.
_PLAIN = re.compile(r"/[A-Za-z0-9/._\-]{0,50}")
_ANYWHERE = "/tmp"  # noqa: S108 (what is made in it has a random name, and is not followed if it is there)
_CLOSE_SECONDS = 5.0


class Heirlooms(NamedTuple):
    """What sandboxes must not inherit: a variable of the engine, and a descriptor that asks to be inherited.

    Attributes:
        secret: The value of the variable, and what can be read from the descriptor.
    """

    secret: str


class Canaries(NamedTuple):
    """What was planted for one attack.

    Attributes:
        name: That the processes of the program give themselves.
        secrets: Texts that must not come out, and where each of them was.
        folder: Everybody may write there; but nobody can, who does not see it.
        listeners: Servers that nobody may reach, by what they are called.
        process: One of this user.
        names: What the program is told, by the key that stands for it in its text.
    """

    name: str
    secrets: dict[str, str]
    folder: Path
    listeners: dict[str, socket.socket]
    process: Companion
    names: dict[str, str]

    def reached(self, result: Result | None) -> list[str]:
        """Say which canaries were touched; the words of the program are searched for secrets alone."""
        return [
            *(f"{where} was read" for text, where in self.secrets.items() if _tells(result, text)),
            *(f"{name} was reached" for name, listener in self.listeners.items() if _was_called(listener)),
            *(["a process of the host was ended"] if self.process.has_ended else []),
            *_changes(self.folder, self.secrets),
            *([f"`/{self.name}` was made"] if _take_away(Path("/", self.name)) else []),
        ]


@contextmanager
def bequeathed() -> Iterator[Heirlooms]:
    """Plant what sandboxes must not inherit; open the engine within."""
    secret = f"heirloom-{secrets.token_hex(16)}"
    variable = f"ISORUN_ATTACK_{secrets.token_hex(4).upper()}"
    descriptor = os.memfd_create("canary", 0)
    os.environ[variable] = secret
    try:
        os.pwrite(descriptor, secret.encode(), 0)
        os.set_inheritable(descriptor, True)
        yield Heirlooms(secret)
    finally:
        del os.environ[variable]
        os.close(descriptor)


@asynccontextmanager
async def planted(name: str, heirlooms: Heirlooms) -> AsyncGenerator[Canaries]:
    """Plant everything that an attack may look for; it is removed at the end.

    Args:
        name: That the processes of the program shall give themselves, up to 15 characters.
        heirlooms: Of the engine that runs it.

    Raises:
        EngineError: It cannot be planted.
    """
    with ExitStack() as stack:
        try:
            canaries = _plant(name, heirlooms, stack)
        except OSError as error:
            raise EngineError(f"the canaries of an attack cannot be planted: {error}") from error
        try:
            yield canaries
        finally:
            with anyio.move_on_after(_CLOSE_SECONDS, shield=True):
                await canaries.process.aclose()


def _plant(name: str, heirlooms: Heirlooms, stack: ExitStack) -> Canaries:
    in_file, in_process = (f"canary-{secrets.token_hex(16)}" for _ in range(2))
    folder = _folder(stack)
    _write(folder / "secret", in_file)
    server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    listeners = {
        "a server on the loopback device": server,
        "an abstract unix socket": _unix_server(f"\0{name}", stack),
        "a unix socket in a folder": _unix_server(str(folder / "socket"), stack),
    }
    os.chmod(folder / "socket", 0o777)  # noqa: S103 (isolation has to keep it closed, not its mode)
    process = Companion(_waits(in_process), env={"ISORUN_ATTACK": in_process})
    return Canaries(
        name=name,
        secrets={
            in_file: "a file of the host",
            in_process: "a process of the host",
            heirlooms.secret: "a secret of the engine",
        },
        folder=folder,
        listeners=listeners,
        process=process,
        names=_told(name, folder, server.getsockname()[1], process.pid),
    )


def _folder(stack: ExitStack) -> Path:
    """Make a folder that is open to all who know its name, in one that shows it to nobody."""
    place = tempfile.gettempdir()
    outer = Path(
        tempfile.mkdtemp(prefix="isorun-attack-", dir=place if _PLAIN.fullmatch(place) else _ANYWHERE)
    )
    stack.callback(shutil.rmtree, outer, ignore_errors=True)
    outer.chmod(0o711)  # isolation has to keep it closed, not its mode
    folder = outer / secrets.token_hex(8)
    folder.mkdir()
    folder.chmod(0o777)
    return folder


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="ascii")
    file.chmod(0o666)


def _unix_server(address: str, stack: ExitStack) -> socket.socket:
    server = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    server.bind(address)
    server.listen()
    return server


def _told(name: str, folder: Path, port: int, pid: int) -> dict[str, str]:
    names = {"NAME": name, "FOLDER": str(folder), "FILE": f"{folder}/secret", "SOCKET": f"{folder}/socket"}
    sizes = {f"{key}_SIZE": str(len(value)) for key, value in names.items()}  # WebAssembly text needs them
    return {**names, **sizes, "PORT": str(port), "PID": str(pid)}


def _waits(secret: str) -> str:
    """Return the code of a process that waits for its end; the secret is among its arguments."""
    return f"import socket, sys\nsocket.socket(fileno=int(sys.argv[1])).recv(1)  # {secret}"


def _tells(result: Result | None, secret: str) -> bool:
    """Whether a text is anywhere in a result."""
    if result is None:
        return False
    data = secret.encode()
    return (
        data in result.stdout_bytes
        or data in result.stderr_bytes
        or secret in repr((result.value, result.error))
        or any(data in artifact.data or secret in artifact.name for artifact in result.files)
    )


def _was_called(listener: socket.socket) -> bool:
    listener.setblocking(False)
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _changes(folder: Path, secrets_there: dict[str, str]) -> list[str]:
    names = set(os.listdir(folder))
    changes = [f"`{name}` was made on the host" for name in sorted(names - {"secret", "socket"})[:3]]
    changes += [f"`{name}` was removed from the host" for name in sorted({"secret", "socket"} - names)]
    if (
        "secret" in names
        and (folder / "secret").read_text(encoding="utf-8", errors="replace") not in secrets_there
    ):
        changes.append("a file of the host was changed")
    return changes


def _take_away(path: Path) -> bool:
    """Remove what a program has made in the root of the host; say whether there was something."""
    try:
        path.unlink()
    except OSError:
        return os.path.lexists(path)
    return True
