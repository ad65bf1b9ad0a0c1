"""Run the attacks column by column, one after the other, and gather what is seen from outside."""

import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

import anyio
import msgspec

from engine import Engine, EngineConfig, EngineError, Output, PoolConfig, Program, Result
from policies import Isolation, Policy

from ._attack import ATTACKS, Attack
from ._canaries import Canaries, Heirlooms, bequeathed, planted
from ._column import Column
from ._findings import ENGINE_CLOSED, Cell, Findings
from ._outside import Look, remaining, rights_of
from ._verdict import Judgement, Run, judge

#: What a program prints when it waits to be looked at.
_LOOK = b"look\n"
#: How long the kernel may take to clear away what the end of a run has killed: a second.
_STEP_SECONDS = 0.02
_SETTLE_STEPS = 50


def policy_of(attack: Attack, column: Column, canaries: Canaries) -> Policy:
    """Return the policy of an attack: its limits, and that it has to be run by this tier."""
    return Policy(limits=attack.limits, isolation=Isolation(require=(column.tier,)))


class Means(NamedTuple):
    """What the attacks are carried out with; tests take others.

    Attributes:
        make_engine: Opens an engine.
        policy_of: Under which an attack is run.
        rights_of: Looks at the process of a program.
    """

    make_engine: Callable[[EngineConfig], AbstractAsyncContextManager[Engine]] = Engine
    policy_of: Callable[[Attack, Column, Canaries], Policy] = policy_of
    rights_of: Look = rights_of


async def attack_tiers(
    columns: Sequence[Column],
    config: EngineConfig,
    *,
    attacks: Sequence[Attack] = ATTACKS,
    means: Means = Means(),  # noqa: B008 (immutable)
    on_begin: Callable[[Column], None] = lambda column: None,
) -> list[Findings]:
    """Attack every column; what is planted for it is removed again.

    Args:
        columns: Where.
        config: Of the engines; their pools are empty, so that nothing but the attack is there.
        attacks: Which; each only where there is a program for it.
        means: With what.
        on_begin: Called before each column.
    """
    found = []
    for column in columns:
        on_begin(column)
        pool = PoolConfig(warm=0, max_warm=0, fork=column.forks)
        able = [attack for attack in attacks if column.has(attack)]
        found.append(await _attack_column(column, msgspec.structs.replace(config, pool=pool), able, means))
    return found


async def _attack_column(
    column: Column, config: EngineConfig, attacks: Sequence[Attack], means: Means
) -> Findings:
    prefix = f"iso-{secrets.token_hex(3)}-"
    cells: list[Cell] = []
    with bequeathed() as heirlooms:
        try:
            async with means.make_engine(config) as engine:
                await _require(engine, column)
                attacker = _Attacker(engine, column, heirlooms, means)
                for number, attack in enumerate(attacks):
                    cells.append(await attacker.try_out(attack, f"{prefix}{number}"))
        except EngineError as error:
            if not cells:
                return Findings(column=column, refused=str(error), fix=error.hint)
            cells.append(_closed(failure=f"the engine failed: {error}"))
    cells.append(_closed(left=await _left(prefix, is_alone=True)))
    return Findings(column=column, cells=tuple(cells))


async def _require(engine: Engine, column: Column) -> None:
    """Run a harmless program.

    Raises:
        EngineError: Nothing runs in this tier, or not in this way.
    """
    program = Program(code=column.harmless, language=column.language)
    result = await engine.run(program, Policy(isolation=Isolation(require=(column.tier,))))
    if column.forks and result.isolation.path != "fork":
        why = result.isolation.fallback or "each is started by itself"
        raise EngineError(f"its sandboxes are not forked here: {why}")
    if not result.ok:
        end = result.stderr[-200:].strip()
        raise EngineError(f"a harmless program fails there with `{result.status}`: {end}")


class _Attacker(NamedTuple):
    """Tries the attacks of one column, in one engine."""

    engine: Engine
    column: Column
    heirlooms: Heirlooms
    means: Means

    async def try_out(self, attack: Attack, name: str) -> Cell:
        """Carry out an attack with canaries of its own, whose name begins with a name."""
        began = time.monotonic()
        async with planted(name, self.heirlooms) as canaries:
            watch = _Watch(name, self.means.rights_of)
            result, failure = await self._run(attack, canaries, watch)
            run = Run(
                result=result,
                failure=failure,
                left=tuple(await _left(name, is_alone=self.column.is_alone)),
                reached=tuple(canaries.reached(result)),
                rights=watch.rights,
            )
        status = "" if result is None else str(result.status)
        seconds = time.monotonic() - began
        return Cell(attack=attack.name, judgement=judge(attack, run), status=status, seconds=seconds)

    async def _run(self, attack: Attack, canaries: Canaries, watch: "_Watch") -> tuple[Result | None, str]:
        """Return the result, or why there is none."""
        program = self.column.program(attack, canaries.names)
        policy = self.means.policy_of(attack, self.column, canaries)
        try:
            return await self.engine.run(program, policy, emit=watch), ""
        except EngineError as error:
            return None, str(error)


class _Watch:
    """Has the process of a program looked at when it says that it waits for that.

    Attributes:
        rights: That it had and no program may have; None if it was not seen.
    """

    def __init__(self, name: str, look: Look) -> None:
        self.rights: tuple[str, ...] | None = None
        self._name = name
        self._look = look

    def __call__(self, output: Output) -> None:
        if self.rights is None and output.stream == "stdout" and _LOOK in output.data:
            self.rights = self._look(self._name)


async def _left(name: str, *, is_alone: bool) -> list[str]:
    """Return what is still there of a run that is over."""
    for _ in range(_SETTLE_STEPS):
        if not remaining(name, is_alone=is_alone):
            return []
        await anyio.sleep(_STEP_SECONDS)
    return remaining(name, is_alone=is_alone)


def _closed(*, left: Sequence[str] = (), failure: str = "") -> Cell:
    """Return the last row: what was there when the engine had been closed, or why it was not closed well."""
    if left:
        judgement = Judgement(verdict="ESCAPED", details=tuple(left))
    elif failure:
        judgement = Judgement(verdict="unclear", details=(failure,))
    else:
        judgement = Judgement(verdict="contained")
    return Cell(attack=ENGINE_CLOSED, judgement=judgement)
