"""Attacks of a folder, in random order, in sandboxes that waited: one by one or several at once.

A sample of them each time; with `ISORUN_TEST_ALL=1` all.
"""

import os
import random

import anyio

from engine import Engine, Program, Result
from policies import Policy
from tests.support.attacks import Corpus, assert_nothing_reached
from tests.support.canaries import Canaries
from tests.support.machine import until

#: To find a sandbox that waits, where the machine is slow to start one.
ATTEMPTS = 5
#: So many are taken, unless all are asked for: a sandbox of Pyodide costs a second to start.
SAMPLE = 6


async def side_by_side(engine: Engine, corpus: Corpus, canaries: Canaries, *, at_once: int) -> list[str]:
    """Run attacks, some at once; return what is wrong."""
    seed, order = _shuffled(corpus)
    limiter = anyio.CapacityLimiter(at_once)
    complaints: list[str] = []

    async def attack(name: str) -> None:
        async with limiter:
            result = await engine.run(corpus.program(name, canaries), corpus.policy(name))
        assert_nothing_reached(result, canaries)
        complaints.extend(f"seed {seed}: {text}" for text in corpus.complaints(name, result))

    async with anyio.create_task_group() as tasks:
        for name in order:
            tasks.start_soon(attack, name)
    return complaints


async def one_by_one(engine: Engine, corpus: Corpus, canaries: Canaries, harmless: Program) -> list[str]:
    """Run each attack in a sandbox that waited, and a harmless program after it; return what is wrong."""
    seed, order = _shuffled(corpus)
    complaints: list[str] = []
    for name in order:
        result = await _attacked(engine, corpus, name, canaries, harmless)
        assert_nothing_reached(result, canaries)
        complaints += [f"seed {seed}: {text}" for text in corpus.complaints(name, result)]
        after = await engine.run(harmless, corpus.policy(name))
        if (after.status, after.stdout, after.value) != ("ok", "harmless\n", None):
            complaints.append(f"seed {seed}: after {name}: {after.status} {after.stdout} {after.stderr}")
    return complaints


async def _attacked(
    engine: Engine, corpus: Corpus, name: str, canaries: Canaries, harmless: Program
) -> Result:
    for _ in range(ATTEMPTS):
        await _wait_for_sandbox(engine, corpus.policy(name), harmless)
        result = await engine.run(corpus.program(name, canaries), corpus.policy(name))
        if result.isolation.path == "warm":
            return result
    raise AssertionError(f"{name}: no sandbox was waiting, {ATTEMPTS} times")


async def _wait_for_sandbox(engine: Engine, policy: Policy, harmless: Program) -> None:
    """Make the pool of a policy by a harmless program, and wait until a sandbox waits in it."""
    await engine.run(harmless, policy)

    def is_ready() -> bool:
        pool = engine.stats().pools[-1]  # the most recently used
        return pool.idle > 0 and pool.starting == 0

    await until(is_ready, what="a sandbox waits")


def _shuffled(corpus: Corpus) -> tuple[int, list[str]]:
    """Return attacks in a random order, and the seed of it."""
    seed = random.randrange(1 << 32)
    names = corpus.names()
    count = len(names) if os.environ.get("ISORUN_TEST_ALL") else min(SAMPLE, len(names))
    return seed, random.Random(seed).sample(names, count)
