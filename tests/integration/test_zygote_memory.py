"""What a forked program finds in memory is shared with the zygote for as long as it only looks at it."""

import pytest

from engine import Engine
from tests.support.jails import config, run_python

pytestmark = pytest.mark.jail


@pytest.fixture
def anyio_backend() -> str:
    """Real jails are tested on one event loop."""
    return "asyncio"


async def test_references_to_what_was_imported_are_not_counted() -> None:
    code = """
import json, sys
before = [sys.getrefcount(thing) for thing in (json, json.dumps, json.dumps.__code__, json.__doc__)]
kept = [json, json.dumps, json.dumps.__code__, json.__doc__] * 1000
after = [sys.getrefcount(thing) for thing in (json, json.dumps, json.dumps.__code__, json.__doc__)]
result = before == after and min(after) > 1 << 31
"""
    async with Engine(config(fork=True)) as engine:
        result = await run_python(engine, code)

    assert (result.isolation.path, result.value) == ("fork", True)


async def test_references_to_what_a_program_makes_are_counted_and_end() -> None:
    code = """
import sys, weakref

class Own:
    pass

own = Own()
gone = weakref.ref(own)
counted = sys.getrefcount(own)
del own
result = [counted, gone() is None]
"""
    async with Engine(config(fork=True)) as engine:
        result = await run_python(engine, code)

    assert (result.isolation.path, result.value) == ("fork", [2, True])
