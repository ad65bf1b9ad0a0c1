"""Which runtime is taken: a table of programs and policies against three runtimes."""

import pytest

from engine import (
    Capabilities,
    ConfigError,
    EngineError,
    PolicyUnsupportedError,
    Program,
    RuntimeUnavailableError,
)
from engine._router import Candidate, Unavailable, decide, route
from policies import Isolation, Mount, Network, Policy

LIGHT = Candidate("light", 10, 10, Capabilities(languages=frozenset({"python", "c"})))
MIDDLE = Candidate(
    "middle",
    20,
    20,
    Capabilities(languages=frozenset({"python", "bash"}), mounts=True, cgroups=True),
)
HEAVY = Candidate(
    "heavy",
    30,
    30,
    Capabilities(
        languages=frozenset({"python", "bash", "julia"}),
        mounts=True,
        cgroups=True,
        network_allow_list=True,
        gpu=True,
    ),
)
MISSING = Candidate("missing", 5, 40, Unavailable("no binary", "install it"))
ALL = [HEAVY, LIGHT, MIDDLE]

NETWORK = Policy(network=Network(mode="allow-list", allow=("example.com",)))
MOUNTS = Policy(mounts=(Mount(source="/data", target="/mnt/data"),))
GPU = Policy(gpu="all")
CGROUPS = Policy(isolation=Isolation(require_cgroups=True))
STRONGEST = Policy(isolation=Isolation(prefer="isolation"))


def require(*names: str) -> Policy:
    return Policy(isolation=Isolation(require=names))


@pytest.mark.parametrize(
    ("language", "policy", "taken"),
    [
        ("python", Policy(), "light"),
        ("c", Policy(), "light"),
        ("bash", Policy(), "middle"),
        ("julia", Policy(), "heavy"),
        ("python", MOUNTS, "middle"),
        ("python", CGROUPS, "middle"),
        ("python", NETWORK, "heavy"),
        ("python", GPU, "heavy"),
        ("python", Policy(gpu=("0",)), "heavy"),
        ("python", Policy(gpu=()), "light"),
        ("python", STRONGEST, "heavy"),
        ("c", STRONGEST, "light"),
        ("python", require("middle"), "middle"),
        ("python", require("heavy", "middle"), "middle"),
    ],
)
def test_lightest_runtime_that_covers_everything_is_taken(language: str, policy: Policy, taken: str) -> None:
    program = Program(code="1", language=language)

    assert route(program, policy, ALL).runtime == taken
    assert [one.runtime for one in decide(program, policy, ALL) if one.taken] == [taken]


def test_order_of_candidates_does_not_matter() -> None:
    program = Program(code="1")

    assert route(program, Policy(), ALL) == route(program, Policy(), ALL[::-1])


def test_equal_weights_are_decided_by_strength_then_name() -> None:
    twins = [LIGHT._replace(name="b"), LIGHT._replace(name="a"), LIGHT._replace(name="c", strength=11)]

    assert [one.runtime for one in decide(Program(code="1"), Policy(), twins)] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        (Policy(), "the lightest that covers the policy"),
        (STRONGEST, "the strongest that covers the policy"),
        (require("middle"), "the lightest that covers the policy, among `middle` as required"),
    ],
)
def test_route_says_why(policy: Policy, why: str) -> None:
    assert route(Program(code="1"), policy, ALL).why == why


def test_decisions_give_each_tier_a_reason() -> None:
    decisions = decide(Program(code="1", language="bash"), MOUNTS, [*ALL, MISSING])

    assert [(one.runtime, one.taken, one.reason) for one in decisions] == [
        ("missing", False, "not available: no binary"),
        ("light", False, "does not run `bash`"),
        ("middle", True, "the lightest that covers the policy"),
        ("heavy", False, "would do, but `middle` is the lightest"),
    ]


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (NETWORK, "cannot limit the network to an allow-list"),
        (MOUNTS, "cannot show host folders read-only"),
        (GPU, "cannot hand out a GPU"),
        (CGROUPS, "has no cgroups here to enforce limits with"),
        (require("heavy"), "the policy requires `heavy`"),
        (require("heavy", "middle"), "the policy requires `heavy` or `middle`"),
    ],
)
def test_each_clause_beyond_a_runtime_is_named(policy: Policy, reason: str) -> None:
    (decision,) = decide(Program(code="1"), policy, [LIGHT])

    assert not decision.taken
    assert decision.reason == reason


def test_runtime_that_nobody_looked_at_says_so() -> None:
    (decision,) = decide(Program(code="1"), Policy(), [LIGHT._replace(findings=None)])

    assert decision.reason == "not looked at"


@pytest.mark.parametrize(
    ("policy", "clause", "capable"),
    [
        (NETWORK, "network", ("heavy",)),
        (MOUNTS, "mounts", ("middle", "heavy")),
        (GPU, "gpu", ("heavy",)),
        (CGROUPS, "isolation.require-cgroups", ("middle", "heavy")),
    ],
)
def test_clause_that_required_runtime_cannot_enforce_is_refused(
    policy: Policy, clause: str, capable: tuple[str, ...]
) -> None:
    isolation = Isolation(require=("light",), require_cgroups=policy.isolation.require_cgroups)
    required = Policy(network=policy.network, mounts=policy.mounts, gpu=policy.gpu, isolation=isolation)

    with pytest.raises(PolicyUnsupportedError) as caught:
        route(Program(code="1"), required, ALL)

    assert caught.value.runtime == "light"
    assert caught.value.clause == clause
    assert caught.value.capable == capable
    assert f"`{clause}`" in str(caught.value)
    assert caught.value.hint == f"runtimes that can: {', '.join(capable)}"
    assert not caught.value.dispatched


def test_clause_that_no_runtime_can_enforce_is_refused() -> None:
    with pytest.raises(PolicyUnsupportedError, match="allow-list") as caught:
        route(Program(code="1"), NETWORK, [LIGHT, MIDDLE])

    assert caught.value.capable == ()
    assert caught.value.hint == "no installed runtime can"


def test_refusal_names_runtimes_that_were_not_asked() -> None:
    with pytest.raises(PolicyUnsupportedError, match="not asked because not available: `missing`"):
        route(Program(code="1"), NETWORK, [LIGHT, MISSING])


def test_runtime_that_must_run_another_language_is_refused() -> None:
    with pytest.raises(PolicyUnsupportedError, match="`light`, which does not run `julia`") as caught:
        route(Program(code="1", language="julia"), require("light"), ALL)

    assert caught.value.clause == "isolation.require"
    assert caught.value.capable == ("heavy",)


def test_required_runtime_that_is_not_installed_is_refused() -> None:
    with pytest.raises(PolicyUnsupportedError, match="installed are only: `light`") as caught:
        route(Program(code="1"), require("nope"), [LIGHT])

    assert caught.value.runtime == "nope"
    assert caught.value.clause == "isolation.require"


def test_unknown_language_lists_the_known_ones() -> None:
    with pytest.raises(
        ConfigError, match="unknown language `pyhton`; known: bash, c, julia, python"
    ) as caught:
        route(Program(code="1", language="pyhton"), Policy(), [*ALL, MISSING])

    assert "`missing`" in str(caught.value)


@pytest.mark.parametrize("policy", [Policy(), require("missing")])
def test_unavailable_runtime_is_reported_with_its_hint(policy: Policy) -> None:
    candidates = [MISSING] if not policy.isolation.require else [*ALL, MISSING]

    with pytest.raises(RuntimeUnavailableError, match="`missing` is not available: no binary") as caught:
        route(Program(code="1"), policy, candidates)

    assert caught.value.hint == "install it"


def test_unavailable_runtime_is_left_for_one_that_works() -> None:
    assert route(Program(code="1"), Policy(), [MISSING, LIGHT]).runtime == "light"


def test_without_any_runtime_everything_is_unavailable() -> None:
    error: type[EngineError] = RuntimeUnavailableError
    with pytest.raises(error, match="no runtime is installed"):
        route(Program(code="1"), Policy(), [])
