"""What is beyond a runtime: the clauses of a policy, or needs of a program, for which it will not do."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from policies import Docker, Limits, Policy

from ._program import Program
from ._runtime import Capabilities


class Unavailable(NamedTuple):
    """A runtime cannot be used here; `hint` says what to do about it."""

    reason: str
    hint: str = ""


class Candidate(NamedTuple):
    """A runtime as the router sees it.

    Attributes:
        findings: What it can do, or why nothing; None until somebody has looked.
        objection: What it says against the program at hand (`Runtime.objection`).
    """

    name: str
    weight: int
    strength: int
    findings: Capabilities | Unavailable | None = None
    objection: str | None = None


class Need(NamedTuple):
    """Something that a program may ask for beside its language.

    Attributes:
        clause: The field of the program.
        languages: Of a runtime: those for which it can be had.
        what: Completes "cannot ...", for a language.
    """

    clause: str
    languages: Callable[[Capabilities], frozenset[str]]
    what: str

    def asked(self, program: Program) -> bool:
        """Whether a program asks for it."""
        value = getattr(program, self.clause)
        return value is not None and value is not False and value != ()


NEEDS = {
    need.clause: need
    for need in (
        Need("check", lambda able: able.checks, "type-check"),
        Need("flags", lambda able: able.compiles, "give compiler flags to"),
        Need("call", lambda able: able.calls, "call a single function of"),
    )
}


class Refusal(NamedTuple):
    """Why a runtime will not do: the policy key (or `language`, `available`, a need), and a sentence."""

    clause: str
    reason: str


def excluded(policy: Policy, candidate: Candidate) -> bool:
    """Whether the policy requires other runtimes; to be known before one is looked at."""
    return bool(policy.isolation.require) and candidate.name not in policy.isolation.require


def refusal(program: Program, policy: Policy, candidate: Candidate) -> Refusal | None:
    """Say why this candidate will not do; None when it will."""
    if excluded(policy, candidate):
        return Refusal("isolation.require", f"the policy requires {either(policy.isolation.require)}")
    match candidate.findings:
        case None:
            return Refusal("available", "not looked at")
        case Unavailable(reason=reason):
            return Refusal("available", f"not available: {reason}")
        case Capabilities() as able:
            return next(_beyond(able, program, policy), None)


def covers(program: Program, policy: Policy, candidate: Candidate, clause: str) -> bool:
    """Whether a candidate takes such programs and this one clause, whatever else the policy says."""
    if not isinstance(candidate.findings, Capabilities):
        return False
    beyond = {refused.clause for refused in _beyond(candidate.findings, program, policy)}
    return beyond.isdisjoint({"language", *NEEDS, clause})


def languages(candidate: Candidate) -> frozenset[str]:
    """Return the languages that it runs; none until it has been looked at."""
    return candidate.findings.languages if isinstance(candidate.findings, Capabilities) else frozenset()


def either(names: Sequence[str]) -> str:
    """Join names for a sentence."""
    return " or ".join(f"`{name}`" for name in names)


def _beyond(able: Capabilities, program: Program, policy: Policy) -> Iterator[Refusal]:
    """Name everything asked for that is beyond these capabilities: the program's needs, then the policy's."""
    brings_image = policy.docker.image is not None and able.images
    if program.language not in (able.images if brings_image else able.languages):
        yield Refusal("language", f"does not run `{program.language}`")
    for need in NEEDS.values():
        if need.asked(program) and program.language not in need.languages(able):
            yield Refusal(need.clause, f"cannot {need.what} `{program.language}`")
    if policy.network.mode != "none" and not able.network_allow_list:
        yield Refusal("network", "cannot limit the network to an allow-list")
    if policy.mounts and not able.mounts:
        yield Refusal("mounts", "cannot show host folders read-only")
    if policy.gpu not in ("none", ()) and not able.gpu:
        yield Refusal("gpu", "cannot hand out a GPU")
    yield from _no_such_container(able, policy.docker)
    if policy.isolation.require_cgroups and not able.cgroups:
        yield Refusal("isolation.require-cgroups", "has no cgroups here to enforce limits with")
    yield from _below_floors(able, policy.limits)


def _no_such_container(able: Capabilities, docker: Docker) -> Iterator[Refusal]:
    if docker.image is not None and not able.images:
        yield Refusal("docker.image", "runs no container images")
    if docker.runtime is None or docker.runtime in able.oci_runtimes:
        return
    if not able.oci_runtimes:
        yield Refusal("docker.runtime", "has no OCI runtimes")
        return
    yield Refusal(
        "docker.runtime",
        f"lacks the OCI runtime `{docker.runtime}`, its daemon has {either(sorted(able.oci_runtimes))}: "
        "install it, name it under `runtimes` in the daemon's configuration, and restart the daemon",
    )


def _below_floors(able: Capabilities, limits: Limits) -> Iterator[Refusal]:
    """Name the limits that leave too little for the runtime itself."""
    least, given = able.least_memory_mib, limits.memory_mib
    if given < least:
        yield Refusal("limits.memory-mib", f"needs at least {least} MiB of memory, allowed are {given}")
    least, given = able.least_pids, limits.pids
    if given < least:
        yield Refusal("limits.pids", f"needs at least {least} processes and threads, allowed are {given}")
