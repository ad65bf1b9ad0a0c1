"""All attacks again, in random order, in sandboxes that waited for them: one by one, and four at a time."""

import random
from collections.abc import AsyncGenerator

import anyio
import pytest

from engine import Engine, Program, Result
from tests.support.attacks import assert_nothing_reached, described
from tests.support.canaries import Canaries
from tests.support.jails import config
from tests.support.machine import until

from .conftest import Way
from .test_attacks import ATTACKS, attack_policy, attack_program, header

pytestmark = [pytest.mark.jail, pytest.mark.slow, pytest.mark.timeout(240)]

AT_ONCE = 4
#: To find a sandbox that waits; each crash of a program may take away those there are.
ATTEMPTS = 5


@pytest.fixture(scope="module")
async def warm_engine(anyio_backend: str, canaries: Canaries, way: Way) -> AsyncGenerator[Engine]:
    pool = {"warm": 2, "max-size": AT_ONCE + 2, "fork": way == "fork"}
    async with Engine(config(pool=pool)) as opened:
        yield opened


def shuffled() -> tuple[int, list[str]]:
    """Return all attacks in a random order, and the seed of it."""
    seed = random.randrange(1 << 32)
    return seed, random.Random(seed).sample(ATTACKS, len(ATTACKS))


def failure(name: str, result: Result) -> list[str]:
    """Return what is wrong with the end of an attack."""
    value = result.value if isinstance(result.value, dict) else {}
    if result.status in header(name).statuses and not value.get("escaped") and not result.isolation.fallback:
        return []
    return [f"{name}: {result.isolation.fallback} {described(result)[:500]}"]


@pytest.mark.rows(22)
async def test_attacks_are_contained_side_by_side_in_warm_jails(
    warm_engine: Engine, canaries: Canaries
) -> None:
    seed, order = shuffled()
    limiter = anyio.CapacityLimiter(AT_ONCE)
    failures: list[str] = []

    async def attack(name: str) -> None:
        async with limiter:
            result = await warm_engine.run(attack_program(name, canaries), attack_policy(name))
        assert_nothing_reached(result, canaries)
        failures.extend(failure(name, result))

    async with anyio.create_task_group() as tasks:
        for name in order:
            tasks.start_soon(attack, name)

    assert failures == [], f"seed {seed}"


@pytest.mark.rows(21, 31)
async def test_attacks_are_contained_one_by_one_in_jails_that_waited(
    warm_engine: Engine, canaries: Canaries
) -> None:
    seed, order = shuffled()
    failures: list[str] = []

    for name in order:
        result = await attacked_warm(warm_engine, name, canaries)
        assert_nothing_reached(result, canaries)
        failures += failure(name, result)

    assert failures == [], f"seed {seed}"


async def attacked_warm(engine: Engine, name: str, canaries: Canaries) -> Result:
    """Run an attack in a sandbox that was waiting.

    After a crash the zygote is replaced, and those that wait of the old one are thrown away: then again.
    """
    for _ in range(ATTEMPTS):
        await wait_for_sandbox(engine, name)
        result = await engine.run(attack_program(name, canaries), attack_policy(name))
        if result.isolation.path == "warm":
            return result
    raise AssertionError(f"{name}: no sandbox was waiting, {ATTEMPTS} times")


async def wait_for_sandbox(engine: Engine, name: str) -> None:
    """Make the pool of an attack by a harmless program, and wait until a sandbox waits in it."""
    await engine.run(Program(code="pass", environment="base"), attack_policy(name))

    def is_ready() -> bool:
        pool = engine.stats().pools[-1]  # the most recently used
        return pool.idle > 0 and pool.starting == 0

    await until(is_ready, what="a sandbox waits")
