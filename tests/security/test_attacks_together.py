"""All attacks again, four at a time, in random order, in jails that were waiting for them."""

import random
from collections.abc import AsyncGenerator

import anyio
import pytest

from engine import Engine
from tests.support.canaries import Canaries
from tests.support.jails import config

from .test_attacks import (
    ATTACKS,
    assert_nothing_reached,
    attack_policy,
    attack_program,
    described,
    header,
)

pytestmark = [pytest.mark.jail, pytest.mark.slow, pytest.mark.timeout(180)]

AT_ONCE = 4


@pytest.fixture(scope="module")
async def warm_engine(anyio_backend: str, canaries: Canaries) -> AsyncGenerator[Engine]:
    async with Engine(config(pool={"warm": 2, "max-size": AT_ONCE + 2})) as opened:
        yield opened


@pytest.mark.rows(22)
async def test_attacks_are_contained_side_by_side_in_warm_jails(
    warm_engine: Engine, canaries: Canaries
) -> None:
    seed = random.randrange(1 << 32)
    order = random.Random(seed).sample(ATTACKS, len(ATTACKS))
    limiter = anyio.CapacityLimiter(AT_ONCE)
    failures: list[str] = []

    async def attack(name: str) -> None:
        async with limiter:
            result = await warm_engine.run(attack_program(name, canaries), attack_policy(name))
        assert_nothing_reached(result, canaries)
        value = result.value if isinstance(result.value, dict) else {}
        if result.status not in header(name).statuses or value.get("escaped"):
            failures.append(f"{name}: {described(result)[:500]}")

    async with anyio.create_task_group() as tasks:
        for name in order:
            tasks.start_soon(attack, name)

    assert failures == [], f"seed {seed}"
