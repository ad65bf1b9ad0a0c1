"""The suite itself: it notices a runtime that does not do its work."""

import pytest

from engine import Engine, EngineConfig, EngineError, Status
from engine.testing import Behaviour, FakeRuntime, prints
from runtimes.conformance import (
    BASH,
    CHECKS,
    JAVASCRIPT,
    PYODIDE,
    PYTHON,
    SNIPPETS,
    TYPESCRIPT,
    checks_for,
    run_all,
)

#: What a runtime that does nothing and says that all is well cannot get wrong.
HOLDS_WITHOUT_WORK = {
    "program_without_output_is_ok",
    "stdin_ends_when_nothing_is_given",
    "result_says_where_the_program_ran",
}
#: A runtime that always fails with some output seems to stream, and to keep descriptors few.
HOLDS_WHEN_ALL_FAILS = {
    "output_comes_while_the_program_runs",
    "program_cannot_open_more_descriptors_than_the_limit",
}


@pytest.mark.parametrize(
    ("behaviour", "holds"),
    [(prints(), HOLDS_WITHOUT_WORK), (prints(b"x", status=Status.ERROR), HOLDS_WHEN_ALL_FAILS)],
    ids=["does nothing", "always fails"],
)
async def test_runtime_that_runs_nothing_fails_the_suite(behaviour: Behaviour, holds: set[str]) -> None:
    async with Engine(EngineConfig(), runtimes=[FakeRuntime(behaviour=behaviour)]) as engine:
        failures = await run_all(engine)

    assert {check.name for check in CHECKS} - failures.keys() == holds


async def test_failure_says_what_was_expected_and_what_came() -> None:
    runtime = FakeRuntime(behaviour=prints(b"something else"))
    async with Engine(EngineConfig(), runtimes=[runtime]) as engine:
        failures = await run_all(engine)

    told = str(failures["stdout_and_stderr_come_apart"])
    assert told == "stdout: expected 'out\\n', got 'something else'"


async def test_runtime_that_is_not_there_is_no_failure_of_a_check() -> None:
    async with Engine(EngineConfig(), runtimes=[FakeRuntime(unavailable="is missing")]) as engine:
        with pytest.raises(EngineError):
            await run_all(engine)


def test_python_has_every_snippet_and_so_gets_every_check() -> None:
    assert PYTHON.snippets.keys() == SNIPPETS.keys()
    assert checks_for(PYTHON) == CHECKS


def test_every_snippet_is_described_and_needed() -> None:
    for language in (BASH, JAVASCRIPT, TYPESCRIPT, PYODIDE):
        assert language.snippets.keys() <= SNIPPETS.keys()
    assert {name for check in CHECKS for name in check.needs} == SNIPPETS.keys()


def test_names_of_checks_are_unique() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
