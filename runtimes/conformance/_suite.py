"""The table of all checks, and how they are run."""

from engine import Engine

from . import _files, _lifecycle, _limits, _streams
from ._check import Check, ConformanceError, Language, Subject
from ._python import PYTHON

CHECKS: tuple[Check, ...] = (*_streams.CHECKS, *_files.CHECKS, *_limits.CHECKS, *_lifecycle.CHECKS)


def checks_for(language: Language) -> tuple[Check, ...]:
    """Return the checks whose snippets a language has."""
    return tuple(check for check in CHECKS if check.needs <= language.snippets.keys())


async def run_check(engine: Engine, check: Check, language: Language = PYTHON) -> None:
    """Run one check.

    Args:
        engine: Open, with the runtime in question as the one that it takes for this language.
        check: One of `checks_for(language)`.
        language: Whose programs to run.

    Raises:
        ConformanceError: The runtime does not keep its contract.
        EngineError: It cannot run the program at all.
    """
    await check.function(Subject(engine, language))


async def run_all(engine: Engine, language: Language = PYTHON) -> dict[str, ConformanceError]:
    """Run every check that applies; return what failed, by the check's name.

    Raises:
        EngineError: The runtime cannot run a program at all.
    """
    failures: dict[str, ConformanceError] = {}
    for check in checks_for(language):
        try:
            await run_check(engine, check, language)
        except ConformanceError as error:
            failures[check.name] = error
    return failures
