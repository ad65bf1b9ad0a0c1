"""Programs whose sandboxes were forked from one zygote: what they share by design, and what they must not."""

from collections.abc import AsyncGenerator

import anyio
import pytest

from engine import Engine
from tests.support.canaries import Canaries
from tests.support.jails import run_python
from tests.support.machine import wardens
from tests.support.zygotes import families, forking_engine

from .conftest import Way
from .test_attacks import attack_policy, attack_program

pytestmark = [pytest.mark.jail, pytest.mark.rows(20)]

#: Loaded before the fork, so that a state which is not renewed would be equal in all children.
STATEFUL = (
    "random",
    "secrets",
    "uuid",
    "tempfile",
    "multiprocessing",
    "multiprocessing.process",
    "multiprocessing.util",
    "ssl",
    "hashlib",
)
DRAWS = """
import multiprocessing.process, os, random, secrets, ssl, tempfile, uuid
result = {
    "random": random.random(),
    "random of a new generator": random.Random().random(),
    "bytes of the kernel": os.urandom(8).hex(),
    "secrets": secrets.token_hex(8),
    "ssl": ssl.RAND_bytes(8).hex(),
    "uuid4": str(uuid.uuid4()),
    "node and clock of uuid1": str(uuid.uuid1())[14:],
    "names of temporary files": tempfile.mktemp(dir="/tmp"),
    "names of the generator": next(tempfile._get_candidate_names()),
    "key of multiprocessing": bytes(multiprocessing.process.current_process().authkey).hex(),
}
"""
NUMPY_DRAWS = """
import numpy
result = {
    "global generator": numpy.random.random(),
    "state": int(numpy.random.get_state()[1][0]),
    "new generator": numpy.random.default_rng().random(),
}
"""


LAYOUT = """
import sys
result = {"hash": hash("text"), "code": id(type(sys)), "heap": id(sys.modules)}
"""


@pytest.fixture(scope="module")
async def stateful(anyio_backend: str) -> AsyncGenerator[Engine]:
    """An engine whose zygote has loaded everything that keeps a random state."""
    async with forking_engine(modules=STATEFUL) as opened:
        yield opened


async def draws(
    engine: Engine, code: str = DRAWS, count: int = 4, environment: str | None = None
) -> list[dict[str, object]]:
    """Return what as many programs draw, side by side."""
    drawn: list[dict[str, object]] = []

    async def draw() -> None:
        result = await run_python(engine, code, environment=environment)
        assert result.ok, result.stderr
        drawn.append(result.value)

    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(draw)
    return drawn


def equal_sources(drawn: list[dict[str, object]]) -> set[str]:
    """Return what gave the same to any two programs."""
    return {name for name in drawn[0] if len({str(one[name]) for one in drawn}) < len(drawn)}


async def test_no_random_stream_is_shared_with_siblings(stateful: Engine) -> None:
    beside = await draws(stateful)
    after = await draws(stateful, count=1)

    assert equal_sources([*beside, *after]) == set()


async def test_no_random_stream_is_shared_on_any_way(engine: Engine) -> None:
    assert equal_sources(await draws(engine, count=2)) == set()


async def test_no_random_stream_of_numpy_is_shared(engine: Engine) -> None:
    assert equal_sources(await draws(engine, NUMPY_DRAWS, environment="data")) == set()


async def test_children_of_a_forked_program_share_no_stream_with_it(engine: Engine) -> None:
    code = """
import os, random
gate = os.pipe()
if os.fork() == 0:
    os.write(gate[1], repr(random.random()).encode())
    os._exit(0)
os.wait()
result = os.read(gate[0], 100).decode() != repr(random.random())
"""

    result = await run_python(engine, code)

    assert result.value is True


async def test_hashes_and_layout_are_equal_for_children_of_one_zygote_alone(engine: Engine, way: Way) -> None:
    """It cannot be changed after the fork, and is documented."""
    first, second = await draws(engine, LAYOUT, count=2)
    async with forking_engine() as another:
        [elsewhere] = await draws(another, LAYOUT, count=1)

    assert equal_sources([first, second]) == (set(first) if way == "fork" else set())
    assert equal_sources([first, elsewhere]) == set()


@pytest.mark.rows(12, 22)
@pytest.mark.parametrize("name", ["kill_everything", "outside_signals", "first_process", "fork_bomb"])
async def test_zygote_and_siblings_live_on_after_an_attack(name: str, canaries: Canaries) -> None:
    async with forking_engine() as engine:
        await run_python(engine, "pass")
        warden = wardens()[-1]  # the other engines of this module have their own
        before = families(warden)

        await engine.run(attack_program(name, canaries), attack_policy(name))
        after = await run_python(engine, "pass")

        assert families(warden) == before
        assert (after.isolation.path, after.isolation.fallback) == ("fork", None)


@pytest.mark.rows(22)
async def test_program_that_runs_beside_attacks_comes_to_its_end(engine: Engine, canaries: Canaries) -> None:
    """Signals, floods of processes and memory of one sandbox are nothing to the next."""
    beside = "import time\nfor _ in range(20): time.sleep(0.05)\nresult = 'undisturbed'"
    values: list[object] = []

    async def run_beside() -> None:
        values.append((await run_python(engine, beside)).value)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_beside)
        for name in ("kill_everything", "outside_signals", "first_process", "memory_heap"):
            tasks.start_soon(engine.run, attack_program(name, canaries), attack_policy(name))

    assert values == ["undisturbed"]
