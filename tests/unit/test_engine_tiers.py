"""Runtimes are found by entry point and prepared when first needed, once."""

from importlib.metadata import EntryPoint, entry_points
from typing import ClassVar, cast

import anyio
import pytest
from anyio.abc import TaskGroup

from engine import (
    Capabilities,
    ConfigError,
    Engine,
    EngineConfig,
    Host,
    PolicyUnsupportedError,
    Program,
    RuntimeUnavailableError,
)
from engine._process import Warden
from engine._registry import GROUP, load_all
from engine._tiers import RETRY_SECONDS, Tier, Tiers
from engine.testing import FakeRuntime
from policies import Isolation, Mount, Policy

from ._pools import Clock

PROGRAM = Program(code="1")
MOUNTS = Policy(mounts=(Mount(source="/data", target="/mnt/data"),))
HOST = Host(EngineConfig(), cast(Warden, None), cast(TaskGroup, None))


class Light(FakeRuntime):
    name: ClassVar[str] = "light"
    weight: ClassVar[int] = 1


class Heavy(FakeRuntime):
    name: ClassVar[str] = "heavy"
    weight: ClassVar[int] = 99
    strength: ClassVar[int] = 99


class Found(FakeRuntime):
    """As an entry point names it: made with a host."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self.host = host


class Failing:
    def __init__(self, host: Host) -> None:
        raise OSError("no such device")


def entry(name: str, attribute: str) -> EntryPoint:
    return EntryPoint(name, f"{__name__}:{attribute}", "isorun.runtimes")


def engine_with(*runtimes: FakeRuntime) -> Engine:
    return Engine(EngineConfig(), runtimes=runtimes)


async def test_runtime_is_prepared_on_first_need_and_once() -> None:
    runtime = FakeRuntime()
    async with engine_with(runtime) as engine:
        assert runtime.prepared == 0

        await engine.run(PROGRAM)
        await engine.run(PROGRAM)

        assert runtime.prepared == 1


async def test_runtime_is_prepared_once_for_many_callers() -> None:
    runtime = FakeRuntime()
    async with engine_with(runtime) as engine:
        await engine.run_many([PROGRAM] * 5, max_concurrent=5)

    assert runtime.prepared == 1


async def test_heavier_runtime_is_not_prepared_while_a_lighter_one_will_do() -> None:
    light, heavy = Light(), Heavy()
    async with engine_with(heavy, light) as engine:
        result = await engine.run(PROGRAM)

    assert result.isolation.runtime == "light"
    assert (light.prepared, heavy.prepared) == (1, 0)


async def test_runtime_that_is_not_required_is_not_prepared() -> None:
    light, heavy = Light(), Heavy()
    async with engine_with(heavy, light) as engine:
        result = await engine.run(PROGRAM, Policy(isolation=Isolation(require=("heavy",))))

    assert result.isolation.runtime == "heavy"
    assert (light.prepared, heavy.prepared) == (0, 1)


async def test_next_runtime_is_taken_when_the_lightest_is_unavailable() -> None:
    light, heavy = Light(unavailable="no binary"), Heavy()
    async with engine_with(light, heavy) as engine:
        for _ in range(3):
            result = await engine.run(PROGRAM)
            assert result.isolation.runtime == "heavy"

    assert light.prepared == 1


STRONGEST = Policy(isolation=Isolation(prefer="isolation"))


async def test_runtime_that_objects_gives_way_to_one_that_does_not() -> None:
    light, heavy = Light(), Heavy()
    heavy.objections = {"import numpy": "lacks the module `numpy`"}
    async with engine_with(light, heavy) as engine:
        objected = await engine.run(Program(code="import numpy"), STRONGEST)
        other = await engine.run(PROGRAM, STRONGEST)

    assert (objected.isolation.runtime, other.isolation.runtime) == ("light", "heavy")


async def test_program_that_every_runtime_objects_to_runs_where_it_would_have() -> None:
    light, heavy = Light(), Heavy()
    light.objections = {"1": "lacks the module `a`"}
    heavy.objections = {"1": "lacks the module `a` too"}
    async with engine_with(light, heavy) as engine:
        for _ in range(2):
            result = await engine.run(PROGRAM)

    assert result.isolation.runtime == "light"
    assert result.isolation.why.endswith("although it lacks the module `a`")
    assert (light.prepared, heavy.prepared) == (1, 1)


async def test_required_runtime_takes_a_program_that_it_objects_to() -> None:
    light, heavy = Light(), Heavy()
    heavy.objections = {"1": "lacks the module `a`"}
    async with engine_with(light, heavy) as engine:
        result = await engine.run(PROGRAM, Policy(isolation=Isolation(require=("heavy",))))

    assert result.isolation.runtime == "heavy"
    assert light.prepared == 0


async def test_runtime_is_not_asked_about_a_program_that_it_refuses() -> None:
    class Strict(Heavy):
        def objection(self, program: Program, policy: Policy) -> str | None:
            assert program.language == "python", "asked about what it does not run"
            return None

    able = Capabilities(languages=frozenset({"bash"}))
    async with engine_with(Light(capabilities=able), Strict()) as engine:
        decisions = await engine.explain(Program(code="1", language="bash"))

    assert [(one.runtime, one.taken) for one in decisions] == [("light", True), ("heavy", False)]


async def test_unavailable_runtime_is_not_looked_for_again_while_another_one_will_do() -> None:
    clock = Clock()
    missing, objecting = Light(unavailable="no binary"), Heavy()
    objecting.objections = {"1": "lacks the module `a`"}
    tiers = Tiers([Tier.of(missing, clock=clock), Tier.of(objecting)])
    await tiers.choose(PROGRAM, Policy())
    clock.now += RETRY_SECONDS

    chosen = await tiers.choose(PROGRAM, Policy())

    assert chosen.runtime is objecting
    assert missing.prepared == 1


async def test_explain_names_objections() -> None:
    light, heavy = Light(), Heavy()
    heavy.objections = {"1": "lacks the module `a`"}
    async with engine_with(light, heavy) as engine:
        decisions = await engine.explain(PROGRAM, STRONGEST)

    assert [(one.runtime, one.reason) for one in decisions] == [
        ("heavy", "lacks the module `a`"),
        ("light", "the strongest that covers policy and program"),
    ]


async def test_refusal_names_a_runtime_that_was_not_needed_before() -> None:
    able = Capabilities(languages=frozenset({"python"}), mounts=True)
    light, heavy = Light(), Heavy(capabilities=able)
    policy = Policy(mounts=MOUNTS.mounts, isolation=Isolation(require=("light",)))
    async with engine_with(light, heavy) as engine:
        with pytest.raises(PolicyUnsupportedError) as caught:
            await engine.run(PROGRAM, policy)

    assert caught.value.capable == ("heavy",)


async def test_nothing_available_is_an_error_with_the_reason() -> None:
    async with engine_with(Light(unavailable="no binary")) as engine:
        with pytest.raises(RuntimeUnavailableError, match="no binary") as caught:
            await engine.run(PROGRAM)

    assert caught.value.hint == "install `light`"


async def test_self_test_that_crashes_makes_the_runtime_unavailable() -> None:
    class Crashing(Light):
        async def prepare(self) -> None:
            raise ZeroDivisionError("oops")

    async with engine_with(Crashing(), Heavy()) as engine:
        reports = {report.runtime: report for report in await engine.tiers()}

    assert reports["heavy"].available
    assert "ZeroDivisionError: oops" in reports["light"].reason


async def test_cancelled_preparation_is_done_again_by_the_next_caller() -> None:
    class Slow(FakeRuntime):
        gate = anyio.Event()

        async def prepare(self) -> None:
            await super().prepare()
            await self.gate.wait()

    runtime = Slow()
    tier = Tier.of(runtime)
    with anyio.move_on_after(0.001):
        await tier.examine()
    runtime.gate.set()

    await tier.examine()

    assert isinstance(tier.candidate.findings, Capabilities)
    assert runtime.prepared == 2


async def test_unavailable_runtime_gets_another_chance_after_a_while() -> None:
    runtime, clock = FakeRuntime(unavailable="not yet"), Clock()
    tier = Tier.of(runtime, clock=clock)
    await tier.examine()

    clock.now += RETRY_SECONDS * 0.99
    await tier.examine(again=True)
    assert runtime.prepared == 1

    clock.now += RETRY_SECONDS * 0.01
    await tier.examine()
    assert runtime.prepared == 1
    await tier.examine(again=True)
    assert runtime.prepared == 2


async def test_explain_prepares_all_and_says_why() -> None:
    light, heavy = Light(), Heavy(unavailable="no daemon")
    async with engine_with(heavy, light) as engine:
        decisions = await engine.explain(PROGRAM)

    assert [(one.runtime, one.taken) for one in decisions] == [("light", True), ("heavy", False)]
    assert decisions[1].reason == "not available: no daemon"


async def test_explain_says_why_nothing_fits_instead_of_raising() -> None:
    async with engine_with(Light()) as engine:
        decisions = await engine.explain(PROGRAM, MOUNTS)

    assert [one.taken for one in decisions] == [False]


async def test_explain_refuses_a_bad_program() -> None:
    async with engine_with(Light()) as engine:
        with pytest.raises(ConfigError):
            await engine.explain(Program(code=""))


async def test_tiers_report_capabilities_and_reasons() -> None:
    async with engine_with(Light(), Heavy(unavailable="no daemon")) as engine:
        light, heavy = await engine.tiers()

    assert light.available
    assert light.capabilities == Light().capabilities
    assert (heavy.available, heavy.reason, heavy.hint) == (False, "no daemon", "install `heavy`")


def test_runtime_is_made_from_its_entry_point_with_the_host() -> None:
    (tier,) = load_all([entry("fake", "Found")], HOST)

    assert isinstance(tier.runtime, Found)
    assert tier.runtime.host is HOST
    assert tier.candidate.findings is None


@pytest.mark.parametrize(
    ("attribute", "reason"),
    [
        ("Failing", "OSError: no such device"),
        ("absent", "AttributeError"),
        ("PROGRAM", "TypeError"),
    ],
)
def test_broken_entry_point_is_reported_and_others_work(attribute: str, reason: str) -> None:
    tiers = load_all([entry("broken", attribute), entry("fake", "Found")], HOST)

    assert [tier.candidate.name for tier in tiers] == ["broken", "fake"]
    assert reason in str(tiers[0].candidate.findings)
    assert tiers[1].runtime is not None


def test_entry_point_that_is_not_a_runtime_is_reported() -> None:
    (tier,) = load_all([EntryPoint("odd", "builtins:repr", "isorun.runtimes")], HOST)

    assert "is not an `engine.Runtime`" in str(tier.candidate.findings)


def test_module_that_cannot_be_imported_is_reported() -> None:
    (tier,) = load_all([EntryPoint("odd", "no_such_module:Runtime", "isorun.runtimes")], HOST)

    assert "ModuleNotFoundError" in str(tier.candidate.findings)


def test_second_runtime_of_the_same_name_is_reported() -> None:
    tiers = load_all([entry("first", "Found"), entry("second", "Found")], HOST)

    assert tiers[0].runtime is not None
    assert tiers[1].runtime is None
    assert "same name" in str(tiers[1].candidate.findings)


def test_builtin_runtimes_come_through_the_same_door() -> None:
    assert "nsjail" in entry_points(group=GROUP).names


async def test_broken_tier_is_examined_without_effect() -> None:
    tier = Tier.broken("odd", "cannot be loaded")

    report = await tier.report()

    assert not report.available
    assert report.reason == "cannot be loaded"
