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
from engine._refusal import Candidate, Unavailable
from engine._router import decide, route
from policies import Docker, Isolation, Limits, Mount, Network, Policy

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
#: Stands on an interpreter of its own, which costs memory and threads, and knows the types of its languages.
GREEDY = Candidate(
    "greedy",
    15,
    40,
    Capabilities(
        languages=frozenset({"python", "typescript"}),
        checks=frozenset({"typescript"}),
        least_memory_mib=200,
        least_pids=8,
    ),
)
CONTAINERS = Candidate(
    "containers",
    40,
    10,
    Capabilities(
        languages=frozenset({"python"}),
        missing={"go": "run `set-up go`"},
        images=frozenset({"python", "go"}),
        oci_runtimes=frozenset({"runc", "crun"}),
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
        (Policy(), "the lightest that covers policy and program"),
        (STRONGEST, "the strongest that covers policy and program"),
        (require("middle"), "the lightest that covers policy and program, among `middle` as required"),
    ],
)
def test_route_says_why(policy: Policy, why: str) -> None:
    assert route(Program(code="1"), policy, ALL).why == why


def test_decisions_give_each_tier_a_reason() -> None:
    decisions = decide(Program(code="1", language="bash"), MOUNTS, [*ALL, MISSING])

    assert [(one.runtime, one.taken, one.reason) for one in decisions] == [
        ("missing", False, "not available: no binary"),
        ("light", False, "does not run `bash`"),
        ("middle", True, "the lightest that covers policy and program"),
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


def test_language_that_is_not_set_up_yet_is_told_with_what_to_do() -> None:
    able = Capabilities(languages=frozenset({"c"}), missing={"rust": "run `setup rust`"})
    compiler = Candidate("compiler", 10, 10, able)

    with pytest.raises(RuntimeUnavailableError, match="`rust` is not set up in `compiler`") as caught:
        route(Program(code="1", language="rust"), Policy(), [*ALL, compiler, MISSING])

    assert caught.value.hint == "run `setup rust`"


def test_language_that_another_runtime_has_need_not_be_set_up() -> None:
    able = Capabilities(languages=frozenset({"c"}), missing={"bash": "run `setup bash`"})

    assert (
        route(Program(code="1", language="bash"), Policy(), [*ALL, Candidate("x", 1, 1, able)]).runtime
        == "middle"
    )


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


def objecting(candidate: Candidate, objection: str = "lacks the module `numpy`") -> Candidate:
    return candidate._replace(objection=objection)


@pytest.mark.parametrize(
    ("policy", "candidates", "taken", "why"),
    [
        (Policy(), [LIGHT, objecting(GREEDY)], "light", "the lightest that covers policy and program"),
        (STRONGEST, [LIGHT, GREEDY], "greedy", "the strongest that covers policy and program"),
        (STRONGEST, [LIGHT, objecting(GREEDY)], "light", "the strongest that covers policy and program"),
        (Policy(), [objecting(LIGHT), GREEDY], "greedy", "the lightest that covers policy and program"),
        (
            require("greedy"),
            [LIGHT, objecting(GREEDY)],
            "greedy",
            "the lightest that covers the policy, among `greedy` as required, "
            "although it lacks the module `numpy`",
        ),
        (
            Policy(),
            [objecting(LIGHT), objecting(GREEDY)],
            "light",
            "the lightest that covers the policy, although it lacks the module `numpy`",
        ),
        (
            STRONGEST,
            [objecting(LIGHT), objecting(GREEDY), MISSING],
            "greedy",
            "the strongest that covers the policy, although it lacks the module `numpy`",
        ),
        (
            MOUNTS,
            [LIGHT, objecting(MIDDLE)],
            "middle",
            "the lightest that covers the policy, although it lacks the module `numpy`",
        ),
    ],
)
def test_objection_gives_way_to_a_runtime_without_one_and_keeps_nothing_from_running(
    policy: Policy, candidates: list[Candidate], taken: str, why: str
) -> None:
    found = route(Program(code="1"), policy, candidates)

    assert (found.runtime, found.why) == (taken, why)
    assert [one.reason for one in decide(Program(code="1"), policy, candidates) if one.taken] == [why]


def test_objection_is_the_reason_for_which_a_runtime_is_left() -> None:
    decisions = decide(Program(code="1"), STRONGEST, [LIGHT, MIDDLE, objecting(GREEDY)])

    assert [(one.runtime, one.reason) for one in decisions] == [
        ("greedy", "lacks the module `numpy`"),
        ("middle", "the strongest that covers policy and program"),
        ("light", "would do, but `middle` is the strongest"),
    ]


def test_refusal_weighs_more_than_an_objection() -> None:
    (decision,) = decide(Program(code="1"), NETWORK, [objecting(LIGHT)])

    assert not decision.taken
    assert decision.reason == "cannot limit the network to an allow-list"


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(memory_mib=200, pids=8), "the lightest that covers policy and program"),
        (Limits(memory_mib=199), "needs at least 200 MiB of memory, allowed are 199"),
        (Limits(pids=7), "needs at least 8 processes and threads, allowed are 7"),
    ],
)
def test_limit_below_what_a_runtime_needs_is_a_reason_to_leave_it(limits: Limits, reason: str) -> None:
    (decision,) = decide(Program(code="1"), Policy(limits=limits), [GREEDY])

    assert decision.reason == reason


@pytest.mark.parametrize(
    ("limits", "clause"),
    [(Limits(memory_mib=199), "limits.memory-mib"), (Limits(pids=7), "limits.pids")],
)
def test_limit_below_what_the_required_runtime_needs_is_refused(limits: Limits, clause: str) -> None:
    policy = Policy(limits=limits, isolation=Isolation(require=("greedy",)))

    with pytest.raises(PolicyUnsupportedError, match="`greedy` needs at least") as caught:
        route(Program(code="1"), policy, [GREEDY, LIGHT, MISSING])

    assert caught.value.clause == clause
    assert caught.value.capable == ("light",)


def test_runtime_that_lacks_two_things_is_not_named_as_capable_of_either() -> None:
    policy = Policy(limits=Limits(pids=7), mounts=MOUNTS.mounts)

    with pytest.raises(PolicyUnsupportedError) as caught:
        route(Program(code="1"), policy, [LIGHT, GREEDY])

    assert (caught.value.runtime, caught.value.clause) == ("light", "mounts")
    assert caught.value.capable == ()


CHECKED = Program(code="1", language="typescript", check=True)


def test_checked_program_goes_to_a_runtime_that_can_check_it() -> None:
    unable = LIGHT._replace(findings=Capabilities(languages=frozenset({"typescript"})))

    decisions = decide(CHECKED, Policy(), [unable, GREEDY])

    assert [(one.runtime, one.taken, one.reason) for one in decisions] == [
        ("light", False, "cannot type-check `typescript`"),
        ("greedy", True, "the lightest that covers policy and program"),
    ]


def test_check_that_no_runtime_can_do_is_refused() -> None:
    program = Program(code="1", check=True)

    with pytest.raises(
        ConfigError, match=r"no runtime can type-check `python`; not asked.*`missing`"
    ) as caught:
        route(program, Policy(), [LIGHT, GREEDY, MISSING])

    assert caught.value.hint == "run it without `check`; languages for which that works: typescript"


def test_check_where_nothing_can_be_checked_is_refused() -> None:
    with pytest.raises(ConfigError, match="no runtime can type-check `python`") as caught:
        route(Program(code="1", check=True), Policy(), [LIGHT])

    assert caught.value.hint == "run it without `check`"


def test_check_that_the_required_runtime_cannot_do_is_refused() -> None:
    unable = LIGHT._replace(findings=Capabilities(languages=frozenset({"typescript"})))

    with pytest.raises(PolicyUnsupportedError, match="`light`, which cannot type-check") as caught:
        route(CHECKED, require("light"), [unable, GREEDY])

    assert caught.value.clause == "isolation.require"
    assert caught.value.capable == ("greedy",)


def test_runtime_that_could_check_is_the_one_whose_clause_is_named() -> None:
    unable = LIGHT._replace(findings=Capabilities(languages=frozenset({"typescript"})))

    with pytest.raises(PolicyUnsupportedError) as caught:
        route(CHECKED, Policy(limits=Limits(memory_mib=24)), [unable, GREEDY])

    assert (caught.value.runtime, caught.value.clause) == ("greedy", "limits.memory-mib")


COMPILING = Candidate(
    "compiling",
    10,
    40,
    Capabilities(
        languages=frozenset({"c", "wasm"}), compiles=frozenset({"c"}), calls=frozenset({"c", "wasm"})
    ),
)


@pytest.mark.parametrize(
    "program",
    [
        Program(code="1", language="c", flags=("-O3",)),
        Program(code="1", language="c", call="f"),
        Program(code="1", language="wasm", call="f"),
    ],
)
def test_program_that_needs_a_compiler_goes_to_the_runtime_that_has_one(program: Program) -> None:
    assert route(program, Policy(), [LIGHT, MIDDLE, COMPILING]).runtime == "compiling"


@pytest.mark.parametrize(
    ("program", "message", "hint"),
    [
        (
            Program(code="1", flags=("-O3",)),
            "no runtime can give compiler flags to `python`",
            "run it without `flags`; languages for which that works: c",
        ),
        (
            Program(code="1", language="wasm", flags=("-O3",)),
            "no runtime can give compiler flags to `wasm`",
            "run it without `flags`; languages for which that works: c",
        ),
        (
            Program(code="1", call=""),
            "no runtime can call a single function of `python`",
            "run it without `call`; languages for which that works: c, wasm",
        ),
    ],
)
def test_what_no_runtime_can_give_a_program_is_refused(program: Program, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        route(program, Policy(), [LIGHT, MIDDLE, COMPILING])

    assert (str(caught.value), caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("language", "docker", "taken"),
    [
        ("python", Docker(), "light"),
        ("python", Docker(image="own:1"), "containers"),
        ("go", Docker(image="own:1"), "containers"),
        ("python", Docker(runtime="crun"), "containers"),
    ],
)
def test_container_that_a_policy_names_needs_a_runtime_with_containers(
    language: str, docker: Docker, taken: str
) -> None:
    program = Program(code="", language=language)

    assert route(program, Policy(docker=docker), [*ALL, CONTAINERS]).runtime == taken


def test_oci_runtime_that_is_not_there_is_refused_with_the_fix() -> None:
    with pytest.raises(PolicyUnsupportedError, match=r"`runsc`.* has `crun` or `runc`: install it") as raised:
        route(Program(code=""), Policy(docker=Docker(runtime="runsc")), [CONTAINERS])

    assert raised.value.clause == "docker.runtime"


def test_image_is_refused_where_there_are_no_containers() -> None:
    with pytest.raises(PolicyUnsupportedError) as raised:
        route(Program(code=""), Policy(docker=Docker(image="own:1")), [LIGHT, MIDDLE])

    assert raised.value.clause == "docker.image"


def test_language_that_a_required_runtime_could_run_says_how_to_set_it_up() -> None:
    with pytest.raises(RuntimeUnavailableError, match="`go` is not set up") as raised:
        route(Program(code="", language="go"), require("containers"), [*ALL, CONTAINERS])

    assert raised.value.hint == "run `set-up go`"
