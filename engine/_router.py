"""Which runtime takes a program under a policy, and why. Pure functions."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from policies import Policy

from ._exceptions import ConfigError, EngineError, PolicyUnsupportedError, RuntimeUnavailableError
from ._program import Program
from ._runtime import Capabilities


class Unavailable(NamedTuple):
    """A runtime cannot be used here; `hint` says what to do about it."""

    reason: str
    hint: str = ""


class Candidate(NamedTuple):
    """A runtime as the router sees it; `findings` is None until somebody has looked."""

    name: str
    weight: int
    strength: int
    findings: Capabilities | Unavailable | None = None


class Refusal(NamedTuple):
    """Why a runtime will not do: the policy key (or `language`, `available`), and a sentence."""

    clause: str
    reason: str


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


def excluded(policy: Policy, candidate: Candidate) -> bool:
    """Whether the policy requires other runtimes; to be known before one is looked at."""
    return bool(policy.isolation.require) and candidate.name not in policy.isolation.require


def refusal(program: Program, policy: Policy, candidate: Candidate) -> Refusal | None:
    """Say why this candidate will not do; None when it will."""
    if excluded(policy, candidate):
        return Refusal("isolation.require", f"the policy requires {_either(policy.isolation.require)}")
    match candidate.findings:
        case None:
            return Refusal("available", "not looked at")
        case Unavailable(reason=reason):
            return Refusal("available", f"not available: {reason}")
        case Capabilities() as able:
            return _beyond(able, program, policy)


def _beyond(able: Capabilities, program: Program, policy: Policy) -> Refusal | None:
    """Name the first thing asked for that is beyond these capabilities."""
    if program.language not in able.languages:
        return Refusal("language", f"does not run `{program.language}`")
    if policy.network.mode != "none" and not able.network_allow_list:
        return Refusal("network", "cannot limit the network to an allow-list")
    if policy.mounts and not able.mounts:
        return Refusal("mounts", "cannot show host folders read-only")
    if policy.gpu not in ("none", ()) and not able.gpu:
        return Refusal("gpu", "cannot hand out a GPU")
    if policy.isolation.require_cgroups and not able.cgroups:
        return Refusal("isolation.require-cgroups", "has no cgroups here to enforce limits with")
    return None


def decide(program: Program, policy: Policy, candidates: Sequence[Candidate]) -> list[TierDecision]:
    """Say for each runtime, in the order in which they are tried, why it is taken or left."""
    decisions: list[TierDecision] = []
    taken: str | None = None
    for candidate in preferred(policy, candidates):
        refused = refusal(program, policy, candidate)
        if refused is not None:
            reason = refused.reason
        elif taken is not None:
            reason = f"would do, but `{taken}` is {_quality(policy)}"
        else:
            taken = candidate.name
            reason = _why(policy)
        decisions.append(TierDecision(runtime=candidate.name, taken=taken == candidate.name, reason=reason))
    return decisions


def route(program: Program, policy: Policy, candidates: Sequence[Candidate]) -> Route:
    """Take the first runtime that covers program and policy: the lightest, or the strongest if preferred.

    Raises:
        ConfigError: No runtime knows the language.
        PolicyUnsupportedError: None of those that run the language can enforce the policy.
        RuntimeUnavailableError: What would have to do it is not available here.
    """
    for candidate in preferred(policy, candidates):
        if refusal(program, policy, candidate) is None:
            return Route(candidate.name, _why(policy))
    raise _no_route(program, policy, preferred(policy, candidates))


def _no_route(program: Program, policy: Policy, candidates: Sequence[Candidate]) -> EngineError:
    """Find the reason that helps most: a missing runtime, an unknown language, or a clause."""
    require = policy.isolation.require
    allowed = [one for one in candidates if not excluded(policy, one)]
    if not allowed:
        return _not_installed(require, candidates)
    able = [one for one in allowed if isinstance(one.findings, Capabilities)]
    speaking = [one for one in able if program.language in _languages(one)]
    if speaking:
        return _unsupported(program, policy, speaking, candidates)
    if not able:
        return _unavailable(allowed)
    others = tuple(one.name for one in candidates if program.language in _languages(one))
    if others:
        message = f"the policy requires {_either(require)}, which does not run `{program.language}`"
        return PolicyUnsupportedError(
            message, runtime=able[0].name, clause="isolation.require", capable=others
        )
    return _unknown_language(program.language, allowed)


def _not_installed(require: Sequence[str], candidates: Sequence[Candidate]) -> EngineError:
    if not candidates:
        return RuntimeUnavailableError("no runtime is installed", hint="see `isorun doctor`")
    names = ", ".join(f"`{one.name}`" for one in candidates)
    message = f"the policy requires {_either(require)}, and installed are only: {names}"
    return PolicyUnsupportedError(message, runtime=require[0], clause="isolation.require")


def _unavailable(allowed: Sequence[Candidate]) -> RuntimeUnavailableError:
    reasons = [
        f"`{one.name}` is not available: {one.findings.reason}"
        for one in allowed
        if isinstance(one.findings, Unavailable)
    ]
    hints = [one.findings.hint for one in allowed if isinstance(one.findings, Unavailable)]
    hint = "\n".join(dict.fromkeys(filter(None, hints))) or "see `isorun doctor`"
    return RuntimeUnavailableError("; ".join(reasons), hint=hint)


def _unknown_language(language: str, candidates: Sequence[Candidate]) -> ConfigError:
    known = sorted(set().union(*map(_languages, candidates)))
    return ConfigError(
        f"unknown language `{language}`; known: {', '.join(known)}{_not_asked(candidates)}",
        hint="add an interpreter in the configuration under `interpreters`",
    )


def _not_asked(candidates: Sequence[Candidate]) -> str:
    """Name the runtimes that might have done it, had they been available."""
    missing = [f"`{one.name}`" for one in candidates if isinstance(one.findings, Unavailable)]
    return f"; not asked because not available: {', '.join(missing)}" if missing else ""


def _unsupported(
    program: Program, policy: Policy, speaking: Sequence[Candidate], candidates: Sequence[Candidate]
) -> PolicyUnsupportedError:
    first = speaking[0]
    refused = refusal(program, policy, first)
    assert refused is not None, "called only when every candidate is refused"  # noqa: S101
    capable = tuple(one.name for one in candidates if _covers(program, policy, one, refused.clause))
    message = f"`{first.name}` {refused.reason} (policy key `{refused.clause}`){_not_asked(candidates)}"
    return PolicyUnsupportedError(message, runtime=first.name, clause=refused.clause, capable=capable)


def _covers(program: Program, policy: Policy, candidate: Candidate, clause: str) -> bool:
    """Whether a candidate runs the language and can enforce this one clause."""
    if program.language not in _languages(candidate):
        return False
    only = {
        "network": Policy(network=policy.network),
        "mounts": Policy(mounts=policy.mounts),
        "gpu": Policy(gpu=policy.gpu),
        "isolation.require-cgroups": Policy(isolation=msgspec.structs.replace(policy.isolation, require=())),
    }[clause]
    return refusal(program, only, candidate) is None


def _languages(candidate: Candidate) -> frozenset[str]:
    return candidate.findings.languages if isinstance(candidate.findings, Capabilities) else frozenset()


def _why(policy: Policy) -> str:
    required = f", among {_either(policy.isolation.require)} as required" if policy.isolation.require else ""
    return f"{_quality(policy)} that covers the policy{required}"


def _quality(policy: Policy) -> str:
    return "the strongest" if policy.isolation.prefer == "isolation" else "the lightest"


def _either(names: Sequence[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)
