"""What all benchmarks work with: a plan, engines with the pool they need, a place for what they find."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from engine._config import EngineConfig, PoolConfig
from engine._engine import Engine
from engine._program import Result
from engine._runtime import Capabilities
from engine._tiers import TierReport
from policies import Isolation, Policy

from ._floor import Floor, MeasureError
from ._memory import Watch, watch
from ._native import Native
from ._plan import Plan
from ._record import Line, Note

type OpenEngine = Callable[[EngineConfig], Engine]

#: The first of these that a runtime knows is measured.
_LANGUAGES = ("python", "javascript", "c", "wat")
#: Sandboxes are started for the program that needs them.
ON_DEMAND = PoolConfig(warm=0, max_warm=0)


class Subject(NamedTuple):
    """A runtime of ours, and the language that it is measured with."""

    name: str
    language: str
    able: Capabilities

    @property
    def policy(self) -> Policy:
        """The default policy, in this runtime and no other."""
        return Policy(isolation=Isolation(require=(self.name,)))


class Workbench(NamedTuple):
    """Handed to every benchmark.

    Attributes:
        plan: What is measured, and how often.
        config: Of the engines, but for their pools.
        write: Keeps a line of the file.
        say: Tells what goes on.
        open_engine: Makes engines.
        floor: Measures the floor.
        natives: Language -> how its programs run without a sandbox.
        packages: Language -> a package that a program can import; only where one cannot tell by trying.
        watch: Begins to look at what processes occupy.
    """

    plan: Plan
    config: EngineConfig
    write: Callable[[Line], None]
    say: Callable[[str], None]
    open_engine: OpenEngine = Engine
    floor: Floor = Floor()
    natives: Mapping[str, Native] = {}
    packages: Mapping[str, str] = {}
    watch: Callable[[], Watch] = watch

    def engine(self, pool: PoolConfig) -> Engine:
        """Return an engine, not opened yet, with this pool."""
        return self.open_engine(msgspec.structs.replace(self.config, pool=pool))

    def note(self, contender: str, text: str) -> None:
        """Keep what was left out, and say it."""
        self.write(Note(contender=contender, text=text))
        self.say(f"{contender}: {text}")


def subjects(bench: Workbench, reports: list[TierReport]) -> list[Subject]:
    """Return the runtimes to measure, the lightest language of each; for the others leave a note."""
    found = []
    for report in reports:
        if bench.plan.tiers and report.runtime not in bench.plan.tiers:
            continue
        if report.capabilities is None:
            hint = f"; {report.hint}" if report.hint else ""
            bench.note(report.runtime, f"not available: {report.reason}{hint}")
            continue
        known = [name for name in _LANGUAGES if name in report.capabilities.languages]
        if known:
            found.append(Subject(report.runtime, known[0], report.capabilities))
        else:
            bench.note(report.runtime, f"it runs none of {', '.join(_LANGUAGES)}")
    return found


def checked(result: Result, expected: str) -> Result:
    """Return a result if its program wrote what it should.

    Raises:
        MeasureError: It failed, or wrote something else.
    """
    if checked_ok(result).stdout != expected:
        raise MeasureError(f"the program wrote {result.stdout[:80]!r} instead of {expected!r}")
    return result


def checked_ok(result: Result) -> Result:
    """Return a result if its program ended well.

    Raises:
        MeasureError: It did not.
    """
    if result.ok:
        return result
    said = result.stderr.strip().splitlines()
    words = f": {said[-1][:200]}" if said else ""
    hint = f"; {result.hint}" if result.hint else ""
    ended = f"`{result.status.value}`, `{result.reason.value}`"
    raise MeasureError(f"the program ended with {ended}{words}{hint}")
