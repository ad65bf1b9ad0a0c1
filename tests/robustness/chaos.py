"""Kill parts of a background engine under load: `python -m tests.robustness.chaos [SECONDS] [--seed N]`.

`kill -9` hits the engine, its warden, zygotes, jails and clients, a container daemon and the process of a
model, one after the other. Every answer has to be right or an error of ours, and to come in time; afterwards
nothing is left. Prints a JSON summary. `scripts/chaos` starts it.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path

import msgspec
import pytest

from tests.support.background_command import BackgroundEngine, background_engine
from tests.support.machine import descendants, is_running, jailed, mounts, wait_until, wardens
from tests.support.zygotes import families

from .chaos_answers import Summary
from .chaos_clients import Clients
from .chaos_extras import DAEMON, MODEL, Extras, open_extras
from .chaos_model import BROKEN, SIDE_BY_SIDE
from .remains import END_SECONDS, Seen, left_over, own_processes, ownerless_groups, seen

#: Between two kills, on average.
_PAUSE_SECONDS = 0.4
#: Until there is a process of a part at all: on a machine with other work a model takes its time to load.
_FIRST_SECONDS = 60.0
#: More often the parts of which there are more.
_VICTIMS = ("engine", "warden", "client", "zygote", "zygote", "jail", "jail", "jail")


class _Chaos:
    """Clients of one background engine, and who kills it."""

    def __init__(self, background: BackgroundEngine, summary: Summary, extras: Extras) -> None:
        self._background = background
        self._extras = extras
        self._victims = (*_VICTIMS, *extras.parts)
        self._summary = summary
        self._chance = random.Random(summary.seed)
        self._engine = background.pid
        self.clients = Clients(background, summary, extras.parts)
        self.seen: set[Seen] = set()

    def kill_for(self, seconds: float) -> None:
        """Kill one part after the other, each at least once."""
        first = list(dict.fromkeys(self._victims))
        self._chance.shuffle(first)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline or first:
            time.sleep(self._chance.expovariate(1 / _PAUSE_SECONDS))
            self._remember()
            if first:
                self._kill_surely(first.pop())
            else:
                self._kill(self._chance.choice(self._victims))

    def check_that_it_serves(self) -> None:
        """Ask once more when nobody kills, and have the sockets removed that killed engines have left."""
        done = self._background.isorun("run", "-c", "print('<last>')")
        if (done.returncode, done.stdout) != (0, b"<last>\n"):
            self._summary.problems.append(f"at the end: {done}")
        if self._extras.daemon is not None:
            told = self._background.isorun("run", "--lang", "sh", "--isolation", "docker", "-c", "echo last")
            if (told.returncode, told.stdout) != (0, b"last\n"):
                self._summary.problems.append(f"at the end, in a container: {told}")
        self._background.isorun("ps")

    def _remember(self) -> None:
        roots = [self._engine, *self.clients.pids()]
        self.seen |= {seen(pid) for root in roots for pid in (root, *descendants(root))}

    def _kill_surely(self, part: str) -> None:
        """Kill a process of a part as soon as there is one: some take seconds to come, and last for less."""
        wait_until(lambda: self._kill(part), what=f"a process of the part `{part}`", seconds=_FIRST_SECONDS)

    def _kill(self, part: str) -> bool:
        """Kill a process of a part, if there is one: zygotes that die often are not replaced at once."""
        found = self._parts()[part]()
        if not found:
            return False
        try:
            os.kill(self._chance.choice(found), signal.SIGKILL)
        except ProcessLookupError:
            return False
        self._summary.killed[part] += 1
        if part in ("engine", "warden"):
            self._start_again(part)
        elif part == "client":
            self.clients.replace()
        elif part == DAEMON:
            self._start_daemon_again()
        return True

    def _parts(self) -> dict[str, Callable[[], list[int]]]:
        return {
            "engine": lambda: [self._engine],
            "warden": lambda: wardens(self._engine),
            "client": self.clients.pids,
            "zygote": lambda: [pid for warden in wardens(self._engine) for pid in sum(families(warden), ())],
            "jail": lambda: [pid for warden in wardens(self._engine) for pid in jailed(warden)],
            DAEMON: self._busy_daemon,
            MODEL: self.clients.models,
        }

    def _busy_daemon(self) -> list[int]:
        """The daemon, if it has something to do."""
        daemon = self._extras.daemon
        return [daemon.pid] if daemon is not None and self._extras.containers() else []

    def _start_daemon_again(self) -> None:
        """Do what a supervisor of services does."""
        daemon = self._extras.daemon
        assert daemon is not None
        daemon.kill()
        daemon.start()

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


def chaos(folder: Path, seconds: float, seed: int, *, extras: Collection[str] = (DAEMON, MODEL)) -> Summary:
    """Break a background engine for so long, and return what came of it.

    Args:
        folder: New, for all that the engine needs.
        seconds: From when it is under load.
        seed: Of what is killed when.
        extras: Parts that are killed, too, if the machine has them.
    """
    summary = Summary(seed=seed)
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)
    mounted, groups = mounts(), ownerless_groups()
    with open_extras(extras) as there:
        summary.left_out = there.left_out
        began = time.monotonic()
        known = _break(folder, seconds, summary, there)
        summary.seconds = round(time.monotonic() - began, 1)
        left = left_over(lambda: {"containers": there.containers()})
    folders = [folder, *([there.folder] if there.folder else [])]
    summary.left = left + left_over(
        lambda: {
            "processes": sorted(
                {one.pid for one in known if one.is_there()}.union(*map(own_processes, folders))
            ),
            "control groups": sorted(ownerless_groups() - groups),
            "mounts": sorted(set(mounts()) - set(mounted)),
            "sockets": sorted(path.name for path in (folder / "isorun").glob("*.sock")),
            "temporary files": sorted(os.listdir(temporary)),
            "folders": [str(one) for one in folders[1:] if one.exists()],
        }
    )
    return summary


def _break(folder: Path, seconds: float, summary: Summary, extras: Extras) -> set[Seen]:
    """Break an engine, and return its processes and those of its clients."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder / "tmp"))
        patch.setenv("DOCKER_HOST", extras.docker_host)
        with background_engine(folder) as background:
            breaking = _Chaos(background, summary, extras)
            with breaking.clients.asking():
                breaking.kill_for(seconds)
                breaking.clients.check_that_all_recover()
            breaking.check_that_it_serves()
    # Of the requests of one client that a kill ends, each is one error, and the next one is right.
    if summary.broken[BROKEN] > summary.killed[MODEL] * SIDE_BY_SIDE:
        summary.problems.append("a model goes on failing after its process was killed")
    return breaking.seen


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
