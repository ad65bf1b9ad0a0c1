"""What makes random streams of forked siblings differ, taken away in turn: they must then be equal.

The name sequence of `tempfile` and the generator of `ssl` also notice that the process id has changed.
"""

import pytest

from tests.support.jails import run_python

from .changed_guest import Change, changed_engine, without_step

pytestmark = [pytest.mark.jail, pytest.mark.rows(20)]

#: Loaded before the fork; whatever has drawn a random number by then is equal in all children.
REMEMBERS = """
import multiprocessing.process, tempfile, uuid
try:
    import numpy.random
    numpy.random.random()
except ImportError:
    pass
import ssl
ssl.RAND_bytes(8)
uuid.getnode()
next(tempfile._get_candidate_names())
"""
DRAWS = """
import multiprocessing.process, ssl, sys, tempfile, uuid
key = bytes(multiprocessing.process.current_process().authkey)
numpy = sys.modules.get("numpy")
result = {
    "key": key.hex(),
    "node": uuid.getnode(),
    "name": next(tempfile._get_candidate_names()),
    "ssl": ssl.RAND_bytes(8).hex(),
    "numpy": numpy.random.random() if numpy else str(tempfile._RandomNameSequence().rng.random()),
}
"""
SAME_PROCESS_ID = Change("maker", "    _skip_a_process_id()\n")


def not_renewed(name: str) -> Change:
    return Change("box", f'    "{name}": _renew_', f'    "no {name}": _renew_')


@pytest.mark.parametrize(
    ("changes", "equal"),
    [
        pytest.param((), set(), id="none"),
        pytest.param((not_renewed("numpy.random"),), {"numpy"}, id="numpy"),
        pytest.param((not_renewed("uuid"),), {"node"}, id="uuid"),
        pytest.param((not_renewed("multiprocessing.process"),), {"key"}, id="multiprocessing"),
        pytest.param(
            (not_renewed("tempfile"), SAME_PROCESS_ID), {"name", "ssl"}, id="tempfile_and_process_id"
        ),
        pytest.param((SAME_PROCESS_ID,), {"ssl"}, id="process_id"),
        pytest.param((without_step("renew_randomness"),), {"numpy", "node", "key"}, id="whole_step"),
    ],
)
async def test_renewal_is_what_makes_random_streams_differ(
    changes: tuple[Change, ...], equal: set[str]
) -> None:
    extra = {"remembers": REMEMBERS}
    async with changed_engine(*changes, extra=extra, modules=("remembers",)) as engine:
        first, second = [await run_python(engine, DRAWS, environment="data") for _ in range(2)]

    for result in (first, second):
        assert (result.isolation.path, result.isolation.fallback, result.stderr) == ("fork", None, "")
    assert {name for name in first.value if first.value[name] == second.value[name]} == equal
