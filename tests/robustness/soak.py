"""Thousands of runs of every kind through one engine: `python -m tests.robustness.soak [RUNS] [--seed N]`.

They end well, by each limit, are cancelled and killed, and processes of their jails are killed from outside
at random. Each answer has to be the right one, or one that a kill explains; afterwards nothing is left.
Prints a JSON summary. `scripts/soak` starts it.
"""

import argparse
import json
import math
import os
import platform
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import anyio
import msgspec
import pytest
from anyio.abc import TaskGroup

from engine import Engine, EngineError, Result, RunNotFoundError, Status
from tests.support.jails import config
from tests.support.machine import command_line, jailed, resident_mib, until, wardens

from .holdings import holdings, is_at_rest
from .soak_summary import Summary, check, check_engine
from .work import KINDS, Kind, Work, draw, killed_from_outside, kinds_for

SIDE_BY_SIDE = 8
#: Runs until worker threads, caches and heaps have their size; not more than half of all.
_WARM_UP = 400
#: A run that has not ended by then hangs: the longest is killed after less than a second.
_RUN_SECONDS = 60.0
_CLOSE_SECONDS = 60.0
#: One in so many runs is cancelled by its caller.
_CANCELLED = 25
_LATEST_CANCEL_SECONDS = 0.06
#: So many runs for one that is killed, and for one process that is.
_RUNS_FOR_KILL, _RUNS_FOR_PROCESS = 30, 20
_LATEST_KILL_SECONDS = 0.05
#: What is killed while it waits is noticed when it is used.
_EFFECT_SECONDS = 1.0
_SAMPLES = 10


class _Soak:
    """Runs through one open engine."""

    def __init__(self, engine: Engine, kinds: list[Kind], summary: Summary) -> None:
        self._engine = engine
        self._kinds = kinds
        self._summary = summary
        self._chance = random.Random(summary.seed)
        self._numbers = iter(range(1, 1 << 62))
        self._killed_at = -math.inf

    async def run(self, count: int) -> None:
        """Do so many runs, some at a time, while others are killed."""
        left = iter(range(count))
        async with anyio.create_task_group() as tasks:
            for _ in range(SIDE_BY_SIDE):
                tasks.start_soon(self._work, left, tasks)

    async def _work(self, left: Iterator[int], tasks: TaskGroup) -> None:
        for _ in left:
            number = next(self._numbers)
            if number % _RUNS_FOR_KILL == 0:
                tasks.start_soon(self._kill_run)
            if number % _RUNS_FOR_PROCESS == 0:
                tasks.start_soon(self._kill_process)
            await self._one(draw(self._kinds, number, self._chance))

    async def _one(self, work: Work) -> None:
        is_cancelled = self._chance.randrange(_CANCELLED) == 0
        seconds = self._chance.uniform(0, _LATEST_CANCEL_SECONDS) if is_cancelled else _RUN_SECONDS
        began = time.monotonic()
        with anyio.move_on_after(seconds) as scope:
            try:
                self._judge(work, await self._engine.run(work.program, work.policy), began)
            except EngineError as error:
                self._disturbed(work, began, type(error).__name__, str(error))
        self._summary.runs += 1
        if scope.cancelled_caught:
            self._summary.cancelled += 1
            if not is_cancelled:
                self._summary.complain(f"`{work.kind.name}` has not ended within {seconds:g} s")

    def _judge(self, work: Work, result: Result, began: float) -> None:
        if work.is_right(result):
            self._summary.right[work.kind.name] += 1
        elif result.status is Status.CANCELLED:
            self._summary.disturbed["killed by the engine"] += 1
        elif how := killed_from_outside(result):
            self._disturbed(work, began, how, str(result))
        else:
            self._summary.complain(f"`{work.kind.name}` {work.program.args}: {str(result)[:600]}")

    def _disturbed(self, work: Work, began: float, how: str, details: str) -> None:
        """Count a run that a kill has ended; there has to be one that can have."""
        self._summary.disturbed[how] += 1
        if self._killed_at < began - _EFFECT_SECONDS:
            self._summary.complain(f"`{work.kind.name}` without a kill: {how}: {details[:600]}")

    async def _kill_run(self) -> None:
        await anyio.sleep(self._chance.uniform(0, _LATEST_KILL_SECONDS))
        if runs := self._engine.runs():
            with suppress(RunNotFoundError):
                await self._engine.kill(self._chance.choice(runs).id)
                self._summary.killed_runs += 1

    async def _kill_process(self) -> None:
        await anyio.sleep(self._chance.uniform(0, _LATEST_KILL_SECONDS))
        [warden] = wardens()
        if found := jailed(warden):
            victim = self._chance.choice(found)
            name = _name(victim)
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
                self._killed_at = time.monotonic()
                self._summary.killed_processes[name] += 1

    def sample(self) -> None:
        """Take note of how much memory is resident."""
        [warden] = wardens()
        self._summary.memory_mib.append(round(resident_mib(), 1))
        self._summary.warden_mib.append(round(resident_mib(warden), 1))


def _name(pid: int) -> str:
    """Return what a process is, as far as its command tells."""
    words = command_line(pid).split()
    return os.path.basename(words[0]) if words else "gone"


async def soak(runs: int, seed: int) -> Summary:
    """Do so many runs, after some to warm up, and return what came of them."""
    summary = Summary(seed=seed, machine=_machine())
    summary.before = holdings()
    began = time.monotonic()
    async with Engine(config(fork=True, pool={"warm": 1, "max-warm": 2})) as engine:
        kinds = kinds_for({tier.runtime for tier in await engine.tiers() if tier.available})
        summary.left_out = sorted(kind.name for kind in KINDS if kind not in kinds)
        soaking = _Soak(engine, kinds, summary)
        warm_up = min(_WARM_UP, runs // 2)
        await soaking.run(warm_up)
        await _rest(engine)
        soaking.sample()
        left = runs - warm_up
        samples = max(1, min(_SAMPLES, left // _WARM_UP))
        for sample in range(samples):
            await soaking.run(left * (sample + 1) // samples - left * sample // samples)
            await _rest(engine)
            soaking.sample()
        own_wardens = tuple(wardens())
        check_engine(engine.stats(), summary)
    await until(lambda: not holdings(own_wardens).groups, what="the groups have gone", seconds=_CLOSE_SECONDS)
    summary.after = holdings(own_wardens)
    summary.seconds = round(time.monotonic() - began, 1)
    check(summary)
    return summary


async def _rest(engine: Engine) -> None:
    """Wait until nothing goes on but waiting."""
    await until(
        lambda: not engine.stats().active and all(map(is_at_rest, engine.stats().pools)),
        what="the pools are at rest",
        seconds=_CLOSE_SECONDS,
    )


def _machine() -> str:
    return f"{os.cpu_count()} processors, Linux {platform.release()}, Python {platform.python_version()}"


def run(runs: int, seed: int) -> Summary:
    """Soak an engine that uses a temporary folder and a place for sockets of its own."""
    with tempfile.TemporaryDirectory(prefix="isorun-soak-") as folder:
        temporary = os.path.join(folder, "tmp")
        os.mkdir(temporary)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", folder)
            patch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")  # its daemon would count as ours
            patch.setattr(tempfile, "tempdir", temporary)
            return anyio.run(partial(soak, runs, seed))


def main() -> int:
    """Soak as the command line says, print the summary, and return the exit code: 1 for a problem."""
    parser = argparse.ArgumentParser(description="Thousands of runs of every kind through one engine.")
    parser.add_argument("runs", nargs="?", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    options = parser.parse_args()
    summary = run(options.runs, options.seed)
    print(json.dumps(msgspec.to_builtins(summary), indent=2))
    return int(bool(summary.problems))


if __name__ == "__main__":
    sys.exit(main())
