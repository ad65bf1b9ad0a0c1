"""Each program in `attacks_pyodide/` is contained, in a fresh sandbox and in ones that waited."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from engine import Engine, Program
from tests.support.attacks import Corpus, assert_nothing_reached
from tests.support.canaries import Canaries
from tests.support.jails import config

from .warm import one_by_one, side_by_side

pytestmark = pytest.mark.jail
CORPUS = Corpus(Path(__file__).parent / "attacks_pyodide", runtime="pyodide")
AT_ONCE = 4
HARMLESS = Program(code="print('harmless')")


@pytest.fixture(scope="module")
async def cold_engine(anyio_backend: str, canaries: Canaries) -> AsyncGenerator[Engine]:
    async with Engine(config()) as opened:
        yield opened


@pytest.fixture(scope="module")
async def warm_engine(anyio_backend: str, canaries: Canaries) -> AsyncGenerator[Engine]:
    async with Engine(config(pool={"warm": 1, "max-size": AT_ONCE + 2})) as opened:
        yield opened


@pytest.mark.parametrize("name", CORPUS.names())
async def test_attack_on_pyodide_is_contained(name: str, cold_engine: Engine, canaries: Canaries) -> None:
    result = await cold_engine.run(CORPUS.program(name, canaries), CORPUS.policy(name))

    assert CORPUS.complaints(name, result) == []
    assert_nothing_reached(result, canaries)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.rows(22)
async def test_attacks_on_pyodide_are_contained_side_by_side(warm_engine: Engine, canaries: Canaries) -> None:
    complaints = await side_by_side(warm_engine, CORPUS, canaries, at_once=AT_ONCE)

    assert complaints == []


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.rows(21, 31)
async def test_run_after_each_attack_on_pyodide_is_unaffected(
    warm_engine: Engine, canaries: Canaries
) -> None:
    complaints = await one_by_one(warm_engine, CORPUS, canaries, HARMLESS)

    assert complaints == []
