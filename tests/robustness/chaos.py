"""Kill parts of a background engine under load: `python -m tests.robustness.chaos [SECONDS] [--seed N]`.

`kill -9` hits the engine, its warden, zygotes, jails and clients, one after the other. Every answer has to be
right or an error of ours, and to come in time; afterwards nothing is left. Prints a JSON summary.
`scripts/chaos` starts it.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import pytest

from tests.support.background_command import BackgroundEngine, background_engine
from tests.support.machine import descendants, is_running, jailed, mounts, wait_until, wardens
from tests.support.zygotes import families

from .chaos_client import DEADLINE_SECONDS, Answers
from .remains import END_SECONDS, Seen, left_over, own_processes, ownerless_groups, seen

ROOT = Path(__file__).resolve().parents[2]
#: Between two kills, on average.
_PAUSE_SECONDS = 0.4
_MODES = ("requests", "commands")
#: More often the parts of which there are more.
_VICTIMS = ("engine", "warden", "client", "zygote", "zygote", "jail", "jail", "jail")


class Summary(msgspec.Struct, kw_only=True):
    """What was done, and what came of it.

    Attributes:
        killed: How many of each part.
        right: Answers that were right.
        broken: Answers that a kill explains, by kind.
        clients: Processes that asked, those that were killed among them.
        left: What is left and should not be.
        problems: What else must not be.
    """

    seed: int
    seconds: float = 0.0
    killed: Counter[str] = msgspec.field(default_factory=Counter)
    right: int = 0
    broken: Counter[str] = msgspec.field(default_factory=Counter)
    clients: int = 0
    left: list[str] = []
    problems: list[str] = []


class _Chaos:
    """Clients of one background engine, and who kills it."""

    def __init__(self, background: BackgroundEngine, summary: Summary) -> None:
        self._background = background
        self._summary = summary
        self._chance = random.Random(summary.seed)
        self._engine = background.pid
        self._answers = background.folder / "answers"
        self._answers.mkdir()
        self._clients: list[subprocess.Popen[bytes]] = []
        self.seen: set[Seen] = set()

    def kill_for(self, seconds: float) -> None:
        """Kill one part after the other, each at least once."""
        first = list(dict.fromkeys(_VICTIMS))
        self._chance.shuffle(first)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline or first:
            time.sleep(self._chance.expovariate(1 / _PAUSE_SECONDS))
            self._remember()
            part = first.pop() if first else self._chance.choice(_VICTIMS)
            if not self._summary.killed[part]:
                wait_until(self._parts()[part], what=f"a process of the part `{part}`", seconds=END_SECONDS)
            self._kill(part)

    @contextmanager
    def clients(self) -> Iterator[None]:
        """Have clients ask in the block, and count what they were answered at its end."""
        for mode in _MODES:
            self._start_client(mode)
        try:
            yield
        finally:
            for client in self._clients:
                self._end(client)
            for file in self._answers.glob("*.json"):
                self._count(msgspec.json.decode(file.read_bytes(), type=Answers))

    def check_that_it_serves(self) -> None:
        """Ask once more when nobody kills, and have the sockets removed that killed engines have left."""
        done = self._background.isorun("run", "-c", "print('<last>')")
        if (done.returncode, done.stdout) != (0, b"<last>\n"):
            self._summary.problems.append(f"at the end: {done}")
        self._background.isorun("ps")

    def _remember(self) -> None:
        self.seen |= set(map(seen, [self._engine, *descendants(self._engine)]))

    def _kill(self, part: str) -> None:
        """Kill a process of a part, if there is one: zygotes that die often are not replaced at once."""
        found = self._parts()[part]()
        if not found:
            return
        with suppress(ProcessLookupError):
            os.kill(self._chance.choice(found), signal.SIGKILL)
            self._summary.killed[part] += 1
        if part in ("engine", "warden"):
            self._start_again(part)
        elif part == "client":
            self._replace_clients()

    def _parts(self) -> dict[str, Callable[[], list[int]]]:
        return {
            "engine": lambda: [self._engine],
            "warden": lambda: wardens(self._engine),
            "client": lambda: [client.pid for client in self._clients],
            "zygote": lambda: [pid for warden in wardens(self._engine) for pid in sum(families(warden), ())],
            "jail": lambda: [pid for warden in wardens(self._engine) for pid in jailed(warden)],
        }

    def _start_again(self, part: str) -> None:
        """Start another engine when the old one has gone, which it does without its warden, too."""
        engine = self._engine
        try:
            wait_until(lambda: not is_running(engine), what="the engine has ended", seconds=END_SECONDS)
        except AssertionError:
            self._summary.problems.append(f"an engine goes on after its {part} was killed")
            self._background.isorun("down")
        up = self._background.isorun("up", "--json")
        if up.returncode != 0:
            self._summary.problems.append(f"it does not start again: {up}")
            return
        self._engine = json.loads(up.stdout)["pid"]

    def _start_client(self, mode: str) -> None:
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

    def _replace_clients(self) -> None:
        for client in list(self._clients):
            with suppress(subprocess.TimeoutExpired):
                if client.wait(0.1) == -signal.SIGKILL:
                    self._clients.remove(client)
                    client.communicate()  # closes our end
                    self._start_client(str(client.args[3]))  # type: ignore[index]  # a list, as we gave it

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
        self._summary.right += answers.right
        self._summary.broken.update(answers.broken)
        self._summary.problems += answers.problems


def chaos(folder: Path, seconds: float, seed: int) -> Summary:
    """Break a background engine for so long, and return what came of it.

    Args:
        folder: New, for all that the engine needs.
        seconds: From when it is under load.
        seed: Of what is killed when.
    """
    summary = Summary(seed=seed)
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)
    mounted, groups, began = mounts(), ownerless_groups(), time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(temporary))
        patch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        with background_engine(folder) as background:
            breaking = _Chaos(background, summary)
            with breaking.clients():
                breaking.kill_for(seconds)
            breaking.check_that_it_serves()
    summary.seconds = round(time.monotonic() - began, 1)
    summary.left = left_over(
        lambda: {
            "processes": sorted({one.pid for one in breaking.seen if one.is_there()} | own_processes(folder)),
            "control groups": sorted(ownerless_groups() - groups),
            "mounts": sorted(set(mounts()) - set(mounted)),
            "sockets": sorted(path.name for path in (folder / "isorun").glob("*.sock")),
            "temporary files": sorted(os.listdir(temporary)),
        }
    )
    return summary


def main() -> int:
    """Break what the command line says, print the summary, and return the exit code: 1 for a problem."""
    parser = argparse.ArgumentParser(description="Kill the parts of a background engine that is under load.")
    parser.add_argument("seconds", nargs="?", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="isorun-chaos-") as folder:
        summary = chaos(Path(folder, "engine"), options.seconds, options.seed)
    print(json.dumps(msgspec.to_builtins(summary), indent=2))
    return int(bool(summary.problems or summary.left))


if __name__ == "__main__":
    sys.exit(main())
