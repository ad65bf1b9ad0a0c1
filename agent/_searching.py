"""Find the small edit after which a program passes its tests: by trying them all, in one sandbox.

Several often pass, since tests leave much open. Edits after which the program does the same in other calls as
well speak for each other; so those are counted, and the earlier rule decides between equals.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import msgspec

from engine import File

from ._running import ENVIRONMENT, Bench, run_program
from ._steps import Check
from .edits import Edit

_GUEST = "try_edits.py"
_WORK = "edits.json"
_CODE = f"from try_edits import search\nsearch({_WORK!r})\n"
#: Of the search, within the time that the policy gives to one program.
_SECONDS = 6.0
#: A fork of a process with libraries takes five times as long.
_SMALL_ENVIRONMENT = "base"
#: A behaviour that could not be seen to its end.
_UNSEEN = -1


class Found(NamedTuple):
    """What trying edits has brought.

    Attributes:
        passes: The program passes as it is.
        tried: How many edits were.
        passing: How many of them pass the tests.
        alike: How many of these do the same as the chosen one, itself included.
        edit: The chosen one; None if none passes.
    """

    passes: bool = False
    tried: int = 0
    passing: int = 0
    alike: int = 0
    edit: Edit | None = None


class _Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the program in the sandbox says, or what an edited one has made it say."""

    passes: bool
    tried: int
    passing: list[tuple[int, int]]


async def search_edits(
    bench: Bench, program: str, tests: str, edits: Sequence[Edit], *, seconds: float
) -> Found:
    """Try edits of a Python program against its tests.

    What is found is a hint: programs share a sandbox there, and one could forge the report.

    Args:
        bench: Where.
        program: As it is.
        tests: Statements that fail unless it is right.
        edits: Of the program, the likeliest first.
        seconds: Until there is no time left.

    Raises:
        EngineError: The engine failed.
    """
    modules = _modules(program, tests)
    work = {
        "source": program,
        "tests": tests,
        "modules": sorted(modules),
        "edits": [edit.change for edit in edits],
        "seconds": min(_SECONDS, seconds),
    }
    inputs = (
        File(name=_GUEST, data=_guest(), read_only=True),
        File(name=_WORK, data=msgspec.json.encode(work), read_only=True),
    )
    is_small = all(name.partition(".")[0] in sys.stdlib_module_names for name in modules)
    environment = _SMALL_ENVIRONMENT if is_small else ENVIRONMENT
    own = Bench(bench.engine, bench.policy)  # host functions are for programs of the model
    observed = await run_program(own, _CODE, "python", inputs, seconds=seconds, environment=environment)
    return found_in(None if observed.result is None else observed.result.value, edits)


def found_in(value: object, edits: Sequence[Edit]) -> Found:
    """Choose among the edits that were seen to pass; a report that cannot be one says nothing."""
    try:
        report = msgspec.convert(value, _Report, strict=True)
    except msgspec.ValidationError:
        return Found()
    if report.passes or not all(0 <= index < len(edits) for index, _ in report.passing):
        return Found(passes=report.passes)
    same: dict[int, list[int]] = defaultdict(list)
    for index, behaviour in report.passing:
        same[behaviour if behaviour != _UNSEEN else -2 - index].append(index)
    if not same:
        return Found(tried=report.tried)
    chosen = max(same.values(), key=lambda group: (len(group), -min(group)))
    return Found(tried=report.tried, passing=len(report.passing), alike=len(chosen), edit=edits[min(chosen)])


def edit_checks(found: Found) -> tuple[Check, ...]:
    """Say how far the tests tell the edits apart. Where they do not, passing them verifies nothing."""
    if found.edit is None:
        return ()
    others = found.passing - found.alike
    if others:
        detail = f"{found.edit.said}; {others} other edits pass as well, and do something else in other calls"
        return (Check(name="edits", passed=False, detail=detail),)
    return (Check(name="edits", passed=True, detail=f"one edit of {found.tried}: {found.edit.said}"),)


def _modules(program: str, tests: str) -> set[str]:
    """Return what is imported, so that it is imported once and not for each edit."""
    found: set[str] = set()
    try:
        tree = ast.parse(f"{program}\n{tests}")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return found  # the tests are no Python; nothing will pass them
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


@cache
def _guest() -> bytes:
    return files("agent.guest").joinpath(_GUEST).read_bytes()
