"""A program whose policy mounts the folder of the control sockets cannot use the engines there."""

import errno
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine import Engine, Program, Result
from engine.background._address import SOCKET
from engine.background._frames import OWN, REQUEST, encode
from engine.background._messages import VERSION, AskRuns, Hello, Shutdown
from engine.background._packing import pack
from policies import Mount, Policy
from tests.support.background_command import BackgroundEngine, background_engine

pytestmark = [pytest.mark.jail, pytest.mark.slow]

#: What a client of the same user would say to see everything, and to end it.
SEE = b"".join(encode(REQUEST, pack(one)) for one in (Hello(id=0, version=VERSION), AskRuns(id=1)))
SHUTDOWN = SEE + encode(REQUEST, pack(Shutdown(id=2)))
LIST = b'{"kind": "list"}\n'

#: Says something to every socket that it is told of, and tells what was answered.
ATTACK = """
import json, socket, sys

def asks(path, order):
    answer = b""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(path)
        try:
            connection.sendall(bytes.fromhex(order))
            connection.shutdown(socket.SHUT_WR)
        except BrokenPipeError:
            pass
        try:
            while part := connection.recv(4096):
                answer += part
        except ConnectionResetError:
            pass  # it was let go without being heard
        return answer.hex()

def tries(path, order):
    try:
        return {"answer": asks(path, order)}
    except OSError as error:
        return {"error": error.errno}

orders = json.loads(sys.argv[1])
result = {path: tries(path, order) for path, order in orders.items()}
print(json.dumps(result))
"""
#: What a refused client is told: by the background engine, and by any engine.
REFUSALS = (b"the background engine serves ", b"the request comes from another user namespace")
#: It cannot even see the socket, or not connect to it.
CLOSED = (errno.EACCES, errno.ENOENT)


@pytest.fixture(scope="module")
def victim() -> Iterator[BackgroundEngine]:
    """A background engine with a program in it."""
    # Not below pytest's own folder, which is closed: what keeps programs out shall be the sockets' own.
    with tempfile.TemporaryDirectory() as place, background_engine(Path(place, "background")) as started:
        Path(place).chmod(0o711)
        started.folder.chmod(0o711)
        program = started.start("run", "-c", "import time; print('ready', flush=True); time.sleep(600)")
        assert program.stdout is not None
        assert program.stdout.readline() == b"ready\n"
        yield started
        program.terminate()
        program.communicate(timeout=30)


def sockets(folder: Path) -> list[str]:
    """Return the names of the sockets in a folder: one of the background engine, one to list and end runs."""
    return sorted(path.name for path in folder.iterdir() if path.is_socket())


def orders(folder: Path, seen_at: str, order: bytes = SHUTDOWN) -> str:
    """Return what to say to each socket, where it is seen."""
    said = {name: order if name == SOCKET else LIST for name in sockets(folder)}
    return json.dumps({f"{seen_at}/{name}": text.hex() for name, text in said.items()})


@contextmanager
def open_to_all(folder: Path) -> Iterator[None]:
    """Take away what keeps other users out: the modes of the folder and of its sockets."""
    paths = [folder, *(folder / name for name in sockets(folder))]
    modes = [path.stat().st_mode & 0o777 for path in paths]
    for path in paths:
        path.chmod(0o777)
    try:
        yield
    finally:
        for path, mode in zip(paths, modes, strict=True):
            path.chmod(mode)


async def attacked(engine: Engine, folder: Path) -> Result:
    policy = Policy(mounts=(Mount(source=str(folder), target="/mnt/control"),))
    return await engine.run(Program(code=ATTACK, args=(orders(folder, "/mnt/control"),)), policy)


def assert_unharmed(victim: BackgroundEngine) -> None:
    """It is there, and so is the program in it."""
    stats = victim.stats()
    assert (stats["pid"], stats["active"]) == (victim.pid, 1), stats


@pytest.mark.rows(9, 22)
async def test_program_that_sees_the_folder_of_the_sockets_is_kept_out(
    engine: Engine, victim: BackgroundEngine
) -> None:
    result = await attacked(engine, victim.folder / "isorun")

    assert result.ok, result.stderr
    assert len(result.value) == 2
    for path, got in result.value.items():
        refused = any(text in bytes.fromhex(got.get("answer", "")) for text in REFUSALS)
        assert refused or got.get("error") in CLOSED, (path, got)
    assert_unharmed(victim)


@pytest.mark.rows(9, 22)
async def test_program_that_can_connect_is_refused_as_one_from_a_jail(
    engine: Engine, victim: BackgroundEngine
) -> None:
    """Also where a person has opened the folder to all: who connects is asked of the kernel."""
    folder = victim.folder / "isorun"

    with open_to_all(folder):
        result = await attacked(engine, folder)

    assert result.ok, result.stderr
    answers = {path: bytes.fromhex(got["answer"]) for path, got in result.value.items()}
    assert len(answers) == 2
    for path, answer in answers.items():
        assert [text for text in REFUSALS if text in answer], (path, answer)
        assert str(victim.pid).encode() not in answer
    assert_unharmed(victim)


@pytest.mark.skipif(shutil.which("unshare") is None, reason="`unshare` is not installed")
@pytest.mark.rows(9, 22)
def test_same_user_in_another_user_namespace_is_refused(victim: BackgroundEngine) -> None:
    """Jails of an ordinary user have that user on the host: its number alone must not let anybody in."""
    folder = victim.folder / "isorun"
    command = ["unshare", "--user", "--map-current-user", sys.executable, "-I", "-c", ATTACK]

    done = subprocess.run([*command, orders(folder, str(folder))], capture_output=True, timeout=30)

    if done.returncode and b"unshare" in done.stderr:
        pytest.skip(f"no user namespace can be made here: {done.stderr.decode().strip()}")
    answers = {Path(path).name: bytes.fromhex(got["answer"]) for path, got in json.loads(done.stdout).items()}
    assert len(answers) == 2
    assert answers.pop(SOCKET).startswith(encode(OWN, b"")[:1])
    assert all(REFUSALS[1] in answer for answer in answers.values())
    assert_unharmed(victim)


def test_same_client_from_outside_is_served(victim: BackgroundEngine) -> None:
    """Else the tests above would prove nothing."""
    folder = victim.folder / "isorun"
    command = [sys.executable, "-I", "-c", ATTACK, orders(folder, str(folder), SEE)]

    done = subprocess.run(command, capture_output=True, timeout=30)

    answers = {Path(path).name: bytes.fromhex(got["answer"]) for path, got in json.loads(done.stdout).items()}
    assert len(answers) == 2
    assert all(b"python" in answer for answer in answers.values())  # the language of the program in it
