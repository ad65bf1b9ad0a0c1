"""Which runtime takes a program under a policy, and why. Pure functions.

A runtime that refuses is out. One that only objects to the program gives way to one that does not.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from policies import Policy

from ._no_route import no_route
from ._program import Program
from ._refusal import Candidate, either, refusal


class Route(NamedTuple):
    """The runtime that takes the program, and why it is this one."""

    runtime: str
    why: str


class TierDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Whether one runtime was taken, and the reason."""

    runtime: str
    taken: bool
    reason: str


def preferred(policy: Policy, candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return the candidates in the order in which they are tried."""
    if policy.isolation.prefer == "isolation":
        return sorted(candidates, key=lambda one: (-one.strength, one.weight, one.name))
    return sorted(candidates, key=lambda one: (one.weight, -one.strength, one.name))


def decide(program: Program, policy: Policy, candidates: Sequence[Candidate]) -> list[TierDecision]:
    """Say for each runtime, in the order in which they are tried, why it is taken or left."""
    taken = _pick(program, policy, candidates)
    return [
        TierDecision(runtime=one.name, taken=one is taken, reason=_reason(program, policy, one, taken))
        for one in preferred(policy, candidates)
    ]


def route(program: Program, policy: Policy, candidates: Sequence[Candidate]) -> Route:
    """Take the first runtime that covers program and policy: the lightest, or the strongest if preferred.

    Raises:
        ConfigError: No runtime knows the language, or none can check it.
        PolicyUnsupportedError: None of those that run the language can enforce the policy.
        RuntimeUnavailableError: What would have to do it is not available here.
    """
    taken = _pick(program, policy, candidates)
    if taken is None:
        raise no_route(program, policy, preferred(policy, candidates))
    return Route(taken.name, _why(policy, taken))


def _pick(program: Program, policy: Policy, candidates: Sequence[Candidate]) -> Candidate | None:
    """Return the first that will do without an objection, else the first that will do.

    An objection keeps no program from running: it then fails in the words of its language.
    """
    fit = [one for one in preferred(policy, candidates) if refusal(program, policy, one) is None]
    return next((one for one in fit if one.objection is None), fit[0] if fit else None)


def _reason(program: Program, policy: Policy, candidate: Candidate, taken: Candidate | None) -> str:
    if candidate is taken:
        return _why(policy, candidate)
    refused = refusal(program, policy, candidate)
    if refused is not None:
        return refused.reason
    if candidate.objection is not None:
        return candidate.objection
    assert taken is not None, "what will do is left only for another one"  # noqa: S101
    return f"would do, but `{taken.name}` is {_quality(policy)}"


def _why(policy: Policy, taken: Candidate) -> str:
    required = f", among {either(policy.isolation.require)} as required" if policy.isolation.require else ""
    if taken.objection is not None:
        return f"{_quality(policy)} that covers the policy{required}, although it {taken.objection}"
    return f"{_quality(policy)} that covers policy and program{required}"


def _quality(policy: Policy) -> str:
    return "the strongest" if policy.isolation.prefer == "isolation" else "the lightest"
