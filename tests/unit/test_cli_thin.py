"""The client of the background engine that imports next to nothing, against a scripted peer."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.cli._attend import decoded
from engine.cli._thin import Own, _Conversation, delegate, package

Capture = pytest.CaptureFixture[str]
type Play = Callable[["Peer"], None]

#: What the interpreter has not loaded by itself, and what is easily imported along with something else.
HEAVY = (
    "argparse",
    "asyncio",
    "collections",
    "contextlib",
    "json",
    "msgspec",
    "re",
    "socket",
    "typing",
    "anyio",
)


class Peer(NamedTuple):
    """The other end of a conversation."""

    connection: socket.socket

    def receive(self) -> tuple[bytes, bytes]:
        header = self._exactly(5)
        return header[:1], self._exactly(int.from_bytes(header[1:], "big"))

    def send(self, kind: bytes, payload: bytes = b"") -> None:
        self.connection.sendall(kind + len(payload).to_bytes(4, "big") + payload)

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.connection.recv(size - len(data))
            assert part, "the client has gone"
            data += part
        return data


@pytest.fixture
def folder(control_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("ISORUN_BACKGROUND")
    control_folder.mkdir(0o700)
    return control_folder


@contextmanager
def engine_that(folder: Path, play: Play) -> Iterator[None]:
    """Listen as a background engine does, and have one conversation."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "background.sock"))
        listener.listen()
        listener.settimeout(10)

        def serve() -> None:
            with listener.accept()[0] as connection:
                play(Peer(connection))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            thread.join(10)
            assert not thread.is_alive()


def says(*frames: tuple[bytes, bytes]) -> Play:
    def play(peer: Peer) -> None:
        peer.receive()
        for kind, payload in frames:
            peer.send(kind, payload)

    return play


def test_output_is_passed_on_and_the_exit_code_returned(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with engine_that(folder, says((b"b", b""), (b"o", b"out"), (b"e", b"err"), (b"x", b"7"))):
        code = delegate(["run", "-c", "1"])

    assert code == 7
    assert capfd.readouterr() == ("out", "err")


def test_command_line_arrives_with_where_it_was_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[bytes] = []

    def play(peer: Peer) -> None:
        received.append(peer.receive()[1])
        peer.send(b"x", b"0")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ISORUN_POLICY", "default")

    with engine_that(folder, play):
        delegate(["run", "-c", "a\nb", "--", "", "é", "\udcff"])

    line = decoded(received[0])
    assert line.argv == ["run", "-c", "a\nb", "--", "", "é", "\udcff"]
    assert (line.folder, line.package) == (str(tmp_path), package())
    assert line.settings["ISORUN_POLICY"] == "default"
    assert "PATH" not in line.settings


def test_standard_input_is_sent_when_it_is_wanted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[tuple[bytes, bytes]] = []

    def play(peer: Peer) -> None:
        peer.receive()
        peer.send(b"i")
        while (frame := peer.receive()) != (b"I", b""):
            received.append(frame)
        peer.send(b"x", b"0")

    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from engine.cli._thin import delegate\n"
        "sys.exit(delegate(['run', '-']))"
    )
    with engine_that(folder, play):
        done = subprocess.run([sys.executable, "-c", code, package_root()], input=b"x" * 100_000, timeout=30)

    assert done.returncode == 0
    assert b"".join(part for _, part in received) == b"x" * 100_000


def package_root() -> str:
    return os.path.dirname(package())


@pytest.mark.parametrize(
    ("payload", "shared", "note"), [(b"1", True, ""), (b"0because", False, "because"), (b"0", False, "")]
)
def test_what_the_engine_leaves_to_us_is_ours(folder: Path, payload: bytes, shared: bool, note: str) -> None:
    with engine_that(folder, says((b"f", payload))), pytest.raises(Own) as raised:
        delegate(["run", "-c", "1"])

    assert (raised.value.shared, raised.value.note) == (shared, note)


@pytest.mark.parametrize("argv", [["ps"], ["run", "--help"], ["run", "-c", "1", "--no-background"], []])
def test_other_commands_are_not_passed_on(folder: Path, argv: list[str]) -> None:
    with pytest.raises(Own):
        delegate(argv)


def test_arguments_of_the_program_are_not_options(folder: Path) -> None:
    with engine_that(folder, says((b"x", b"0"))):
        assert delegate(["run", "-c", "1", "--", "--no-background", "--help"]) == 0


def test_variable_turns_it_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISORUN_BACKGROUND", "0")

    with pytest.raises(Own):
        delegate(["run", "-c", "1"])


def test_socket_of_an_engine_that_was_killed_is_passed_over(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "background.sock"))

    with pytest.raises(Own):
        delegate(["run", "-c", "1"])


def test_folder_that_others_can_enter_is_not_trusted(folder: Path) -> None:
    folder.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "background.sock"))
        listener.listen()

        with pytest.raises(Own):
            delegate(["run", "-c", "1"])


def test_engine_that_goes_before_it_begins_leaves_the_command_to_us(folder: Path) -> None:
    with engine_that(folder, says()), pytest.raises(Own):
        delegate(["run", "-c", "1"])


def test_engine_that_goes_after_it_began_is_an_error(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with engine_that(folder, says((b"b", b""), (b"o", b"half"))):
        code = delegate(["run", "-c", "1"])

    out, err = capfd.readouterr()
    assert (code, out) == (4, "half")
    assert err.startswith("error: the background engine has gone")


@pytest.mark.parametrize("argv", [["--json"], ["--json", "--", "x"]])
def test_engine_that_goes_is_told_as_json_where_that_was_asked_for(
    argv: list[str], folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with engine_that(folder, says((b"b", b""))):
        code = delegate(["run", "-c", "1", *argv])

    out, err = capfd.readouterr()
    error = json.loads(out)["error"]
    assert (code, err) == (4, "")
    assert error["type"] == "BackgroundError"
    assert error["message"].startswith("the background engine has gone")
    assert "isorun up" in error["hint"]


def test_engine_that_goes_is_told_as_text_where_that_argument_is_the_programs_own(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with engine_that(folder, says((b"b", b""))):
        delegate(["run", "-c", "1", "--", "--json"])
    ours = capfd.readouterr()

    assert (ours.out, ours.err.startswith("error: ")) == ("", True)


def test_half_an_object_is_followed_by_no_other(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with engine_that(folder, says((b"b", b""), (b"o", b'{"half'))):
        delegate(["run", "-c", "1", "--json"])

    out, err = capfd.readouterr()
    assert out == '{"half'
    assert err.startswith("error: the background engine has gone")


def test_engine_that_does_not_answer_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        code = _Conversation(ours, answer_seconds=0.01).hold(b"")

    assert code == 4
    assert "does not answer" in capfd.readouterr().err


def test_engine_that_has_answered_may_take_its_time(folder: Path) -> None:
    ended = threading.Event()

    def play(peer: Peer) -> None:
        peer.receive()
        peer.send(b"b")
        ended.wait(0.1)
        peer.send(b"x", b"0")

    ours, theirs = socket.socketpair()
    with ours, theirs:
        thread = threading.Thread(target=play, args=(Peer(theirs),))
        thread.start()
        code = _Conversation(ours, answer_seconds=0.05).hold(b"")
        thread.join(10)

    assert code == 0


def test_little_is_imported(folder: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); before = set(sys.modules)\n"
        "from engine.cli import _thin\n"
        "code = _thin.delegate(['run', '-c', '1'])\n"
        "print(*sorted(set(sys.modules) - before), file=sys.stderr); sys.exit(code)"
    )
    with engine_that(folder, says((b"b", b""), (b"o", b"1\n"), (b"x", b"0"))):
        done = subprocess.run(
            [sys.executable, "-S", "-E", "-c", code, package_root()],
            capture_output=True,
            timeout=30,
            text=True,
        )

    assert (done.returncode, done.stdout) == (0, "1\n")
    assert not set(done.stderr.split()) & set(HEAVY)
