"""The runtimes of one engine: each is prepared when it is first needed, and asked in order."""

import logging
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple, Self

import anyio
import msgspec

from policies import Policy

from ._exceptions import EngineError
from ._program import Program
from ._refusal import Candidate, Unavailable, excluded, refusal
from ._router import TierDecision, decide, preferred, route
from ._runtime import Capabilities, Runtime

# An unavailable runtime is looked at again when nothing else will do, but not for every program of a batch.
RETRY_SECONDS = 10.0
# Runtimes hold little beside their sandboxes, which are closed before them.
CLOSE_SECONDS = 5.0

# What cannot be loaded comes last in every order.
_LAST = 1_000_000

_log = logging.getLogger("isorun.engine")


class TierReport(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a runtime can be used here.

    Attributes:
        runtime: Its name.
        available: Whether it is usable.
        reason: Why not; empty when it is.
        hint: What to do about it.
        capabilities: What it can do; None when it is not available.
    """

    runtime: str
    available: bool
    reason: str = ""
    hint: str = ""
    capabilities: Capabilities | None = None


class Tier:
    """A runtime and what is known about it.

    Attributes:
        runtime: None when its entry point could not be loaded.
        candidate: What the router may know without waiting.
    """

    def __init__(
        self, candidate: Candidate, runtime: Runtime | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.runtime = runtime
        self.candidate = candidate
        self._clock = clock
        self._examined_at = -float("inf")
        # Protects `prepare`: callers that need the runtime at the same time wait for one of them to do it.
        self._lock = anyio.Lock()

    @classmethod
    def of(cls, runtime: Runtime, *, clock: Callable[[], float] = time.monotonic) -> Self:
        """Make the tier of a runtime that nobody has looked at."""
        return cls(Candidate(runtime.name, runtime.weight, runtime.strength), runtime, clock=clock)

    @classmethod
    def broken(cls, name: str, reason: str) -> Self:
        """Make the tier of an entry point that gives no runtime."""
        return cls(Candidate(name, _LAST, -_LAST, _broken(reason)), None)

    async def examine(self, *, again: bool = False) -> Candidate:
        """Prepare the runtime, once; `again` gives one that was unavailable another chance."""
        if self._is_due(again=again):
            async with self._lock:
                if self._is_due(again=again):
                    findings = await self._prepare()
                    self._examined_at = self._clock()
                    self.candidate = self.candidate._replace(findings=findings)
        return self.candidate

    def judged(self, program: Program, policy: Policy) -> Candidate:
        """Return the candidate with what the runtime says against this very program."""
        if self.runtime is None or refusal(program, policy, self.candidate) is not None:
            return self.candidate
        return self.candidate._replace(objection=self.runtime.objection(program, policy))

    async def report(self) -> TierReport:
        """Examine the runtime and say what was found."""
        name = (await self.examine()).name
        match self.candidate.findings:
            case Capabilities() as able:
                return TierReport(runtime=name, available=True, capabilities=able)
            case Unavailable(reason, hint):
                return TierReport(runtime=name, available=False, reason=reason, hint=hint)
            case _:
                raise AssertionError("an examined runtime has findings")

    def _is_due(self, *, again: bool) -> bool:
        if self.runtime is None:
            return False
        if self.candidate.findings is None:
            return True
        unavailable = isinstance(self.candidate.findings, Unavailable)
        return again and unavailable and self._clock() - self._examined_at >= RETRY_SECONDS

    async def _prepare(self) -> Capabilities | Unavailable:
        assert self.runtime is not None, "a broken tier is never due"  # noqa: S101
        try:
            await self.runtime.prepare()
            return self.runtime.capabilities
        except EngineError as error:
            return Unavailable(str(error), error.hint)
        except Exception as error:  # code of third parties: one broken runtime must not stop the others
            return _broken(f"its self-test failed with {type(error).__name__}: {error}")


class Chosen(NamedTuple):
    """The runtime that takes a program, why it is this one, and what else it can do."""

    runtime: Runtime
    why: str
    able: Capabilities


class Tiers:
    """All runtimes of one engine, by name."""

    def __init__(self, tiers: Iterable[Tier]) -> None:
        self._tiers = {tier.candidate.name: tier for tier in tiers}

    async def choose(self, program: Program, policy: Policy) -> Chosen:
        """Find the runtime for a program; prepares no more runtimes than it takes to find it.

        Raises:
            ConfigError: No runtime knows the language, or none can check it.
            PolicyUnsupportedError: None of those that run the language can enforce the policy.
            RuntimeUnavailableError: What would have to do it is not available here.
        """
        taken = route(program, policy, await self._judged_until_one_fits(program, policy))
        tier = self._tiers[taken.runtime]
        able = tier.candidate.findings
        assert tier.runtime is not None, "a broken tier is never taken"  # noqa: S101
        assert isinstance(able, Capabilities), "nor is one that is not available"  # noqa: S101
        return Chosen(tier.runtime, taken.why, able)

    async def explain(self, program: Program, policy: Policy) -> list[TierDecision]:
        """Say for every runtime why it is taken or left; prepares them all."""
        await self._examine_all()
        return decide(program, policy, self._judged(program, policy))

    async def report(self) -> list[TierReport]:
        """Prepare every runtime and say what was found."""
        return [await tier.report() for tier in self._tiers.values()]

    async def aclose(self) -> None:
        """Close every runtime: shielded and bounded; a failure is logged, not raised."""
        for tier in self._tiers.values():
            if tier.runtime is not None:
                await _close(tier.runtime)

    async def _judged_until_one_fits(self, program: Program, policy: Policy) -> list[Candidate]:
        """Return the candidates as far as the router has to know them."""
        judged: list[Candidate] = []
        for candidate in preferred(policy, self._candidates()):
            if excluded(policy, candidate):
                continue
            tier = self._tiers[candidate.name]
            await tier.examine()
            judged.append(tier.judged(program, policy))
            if refusal(program, policy, judged[-1]) is None and judged[-1].objection is None:
                return judged
        if any(refusal(program, policy, one) is None for one in judged):
            return judged
        # Nothing fits: the refusal can name who could do it, and a missing runtime may have been installed.
        await self._examine_all(again=True)
        return self._judged(program, policy)

    def _judged(self, program: Program, policy: Policy) -> list[Candidate]:
        return [tier.judged(program, policy) for tier in self._tiers.values()]

    async def _examine_all(self, *, again: bool = False) -> None:
        for tier in self._tiers.values():
            await tier.examine(again=again)

    def _candidates(self) -> list[Candidate]:
        return [tier.candidate for tier in self._tiers.values()]


async def _close(runtime: Runtime) -> None:
    try:
        with anyio.move_on_after(CLOSE_SECONDS, shield=True):
            await runtime.aclose()
    except Exception:  # code of third parties: the others have to be closed too
        _log.exception("closing the runtime `%s` failed", runtime.name)


def _broken(reason: str) -> Unavailable:
    return Unavailable(reason, hint="reinstall or remove the package that provides it")
