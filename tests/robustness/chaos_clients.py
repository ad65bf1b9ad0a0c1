"""The clients of an engine that is broken: processes, some of them to be killed themselves."""

import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from tests.support.background_command import BackgroundEngine
from tests.support.machine import children, command_line, is_running, wait_until

from .chaos_answers import DEADLINE_SECONDS, Answers, Summary
from .chaos_extras import CLIENTS

ROOT = Path(__file__).resolve().parents[2]
#: Of those that there are everywhere.
CLIENT_MODES = ("requests", "commands")


class Clients:
    """One client of each mode, replaced when it is killed.

    Args:
        background: What they ask.
        summary: Where their answers are counted at the end.
        parts: Those that need a client of their own.
    """

    def __init__(self, background: BackgroundEngine, summary: Summary, parts: Collection[str]) -> None:
        self._background = background
        self._summary = summary
        self._modes = (*CLIENT_MODES, *(CLIENTS[part] for part in parts))
        self._answers = background.folder / "answers"
        self._answers.mkdir()
        self._clients: list[subprocess.Popen[bytes]] = []

    def pids(self) -> list[int]:
        """Return their processes."""
        return [client.pid for client in self._clients]

    def models(self) -> list[int]:
        """Return the processes of models that they have."""
        below = [pid for client in self._clients for pid in children(client.pid)]
        return [pid for pid in below if is_running(pid) and "worker.main" in command_line(pid)]

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Have clients ask in the block, and count what they were answered at its end."""
        for mode in self._modes:
            self._start(mode)
        try:
            yield
        finally:
            for client in self._clients:
                self._end(client)
            for file in self._answers.glob("*.json"):
                self._count(msgspec.json.decode(file.read_bytes(), type=Answers))

    def replace(self) -> None:
        """Start another one for each that was killed."""
        for client in list(self._clients):
            with suppress(subprocess.TimeoutExpired):
                if client.wait(0.1) == -signal.SIGKILL:
                    self._clients.remove(client)
                    client.communicate()  # closes our end
                    self._start(str(client.args[3]))  # type: ignore[index]  # a list, as we gave it

    def check_that_all_recover(self) -> None:
        """Wait until a client of each mode has been answered right once more."""
        before = self._right()
        try:
            wait_until(
                lambda: all(count > before[mode] for mode, count in self._right().items()),
                what="a right answer for each client",
                seconds=2 * DEADLINE_SECONDS,
            )
        except AssertionError:
            self._summary.problems.append(f"clients do not recover: {before} became {self._right()}")

    def _right(self) -> dict[str, int]:
        right = dict.fromkeys(self._modes, 0)
        for file in self._answers.glob("*.json"):
            answers = msgspec.json.decode(file.read_bytes(), type=Answers)
            right[answers.mode] += answers.right
        return right

    def _start(self, mode: str) -> None:
        command = [sys.executable, "-m", "tests.robustness.chaos_client", mode]
        self._summary.clients += 1
        number = self._summary.seed + self._summary.clients
        client = subprocess.Popen(
            [*command, str(number), str(self._answers / f"{number}.json")],
            cwd=ROOT,
            env=self._background.env,
            stdin=subprocess.PIPE,
        )
        self._clients.append(client)

    def _end(self, client: subprocess.Popen[bytes]) -> None:
        try:
            client.communicate(timeout=2 * DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            client.kill()
            client.communicate()
            self._summary.problems.append("a client does not end")
        if client.returncode != 0:
            self._summary.problems.append(f"a client has failed with {client.returncode}")

    def _count(self, answers: Answers) -> None:
        self._summary.right[answers.mode] += answers.right
        self._summary.broken.update(answers.broken)
        self._summary.problems += answers.problems
