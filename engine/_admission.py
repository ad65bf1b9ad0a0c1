"""Turns: at most so many programs run at once, and their memory limits fit into the machine together.

A caller takes a turn at once if one is free and nobody waits; else it stands in a line that is bounded, fair
among clients (`_turns.py`) and honest: who cannot be served in time is told so at once. What is free and who
is next is kept in `_gate.py`, which also says why nobody waits in a circle.
"""

import os
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self

from anyio import move_on_after

from ._caller import Caller
from ._config import AdmissionConfig
from ._exceptions import ConfigError, PoolClosedError, PoolFullError, PoolTimeoutError
from ._gate import Gate, Place
from ._memory import read_memory
from ._pace import Pace, retry_seconds
from ._stats import AdmissionStats, Rejection

# A program that waits for its input leaves its processor to another; four for each keep them busy.
PER_PROCESSOR = 4
# As many as a pool has sandboxes: programs on a small machine wait for their input as long as on a large one.
LEAST_RUNNING = 8
# The rest is left to the engine, to sandboxes that wait, and to everything else.
MEMORY_SHARE = 0.75


class KeptMemory:
    """Memory that a session keeps counted between its runs, because its sandbox lives; none at first.

    Attributes:
        mib: How much.
    """

    __slots__ = ("_gate", "mib")

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.mib = 0

    def release(self) -> None:
        """Let others have it: the sandbox is gone. Does nothing the second time."""
        mib, self.mib = self.mib, 0
        self._gate.give_memory_back(mib)


class Turn:
    """The right to run a program, for the length of a block; `Admission.turn` makes it.

    Attributes:
        waited_seconds: How long it took to come.
    """

    # Not a generator: on the way of every run that would take longer than all the rest of it.
    __slots__ = ("_admission", "_began_at", "_caller", "_kept", "_lacks_sandbox", "_mib", "waited_seconds")

    def __init__(
        self, admission: "Admission", caller: Caller, memory_mib: int, kept: KeptMemory | None
    ) -> None:
        self.waited_seconds = 0.0
        self._admission = admission
        self._caller = caller
        self._mib = memory_mib
        self._kept = kept
        self._began_at = 0.0
        self._lacks_sandbox = False

    def wait_for_sandbox(self) -> None:
        """Take note that the program goes on when a sandbox has been leased."""
        if not self._lacks_sandbox:
            self._lacks_sandbox = True
            self._admission.gate.count_lacking_sandbox(1)

    def has_sandbox(self) -> None:
        """Take note that it goes on."""
        if self._lacks_sandbox:
            self._lacks_sandbox = False
            self._admission.gate.count_lacking_sandbox(-1)

    async def __aenter__(self) -> Self:
        if self._kept is not None:
            self._mib = max(0, self._mib - self._kept.mib)
        if not self._admission.take(self._mib):
            self.waited_seconds = await self._admission.wait(self._caller, self._mib)
        if self._kept is not None:
            self._kept.mib += self._mib
            self._mib = 0
        self._began_at = self._admission.clock()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.has_sandbox()
        self._admission.pace.add(self._admission.clock() - self._began_at)
        self._admission.gate.give_back(self._mib)


class Admission:
    """Gives turns to as many programs as may run at once.

    Args:
        config: Bounds; where one is 0 the machine decides.
        clock: Monotonic seconds.
        memory_mib: Of the machine; None asks the kernel.
        processors: That we may use; None asks the kernel.

    Attributes:
        clock: As given.
        gate: What is free, and the line.
        pace: How long turns are held.
    """

    def __init__(
        self,
        config: AdmissionConfig,
        *,
        clock: Callable[[], float] = time.monotonic,
        memory_mib: int | None = None,
        processors: int | None = None,
    ) -> None:
        self.clock = clock
        self.gate = Gate(
            max_running=config.max_running or _most_running(processors),
            budget_mib=config.memory_mib or _share_of_memory(memory_mib),
            clock=clock,
        )
        self.pace = Pace()
        self._config = config
        self._closed = False
        self._rejected: Counter[Rejection] = Counter()

    def turn(self, caller: Caller, memory_mib: int, kept: KeptMemory | None = None) -> Turn:
        """Return the right to run a program, to be entered once; that waits until the turn has come.

        While nobody waits and all is free it takes a few microseconds, and no other task runs meanwhile.

        Args:
            caller: Whose turn it is.
            memory_mib: The limit of the program.
            kept: What its session holds already; it keeps what the turn adds.

        Raises:
            ConfigError: The limit alone is more than all may have.
            PoolClosedError: Nobody is admitted any more (on entering, as what follows).
            PoolFullError: As many wait as may, or by the estimate the turn would come too late.
            PoolTimeoutError: It did not come in time.
        """
        if memory_mib > self.gate.budget_mib:
            self._rejected[Rejection.TOO_LARGE] += 1
            message = (
                f"a memory limit of {memory_mib} MiB is more than all programs may have together, "
                f"{self.gate.budget_mib} MiB"
            )
            hint = "lower `limits.memory-mib` of the policy, or raise `admission.memory-mib`"
            raise ConfigError(message, hint=hint)
        return Turn(self, caller, memory_mib, kept)

    def at_once(self, memory_mib: int) -> int:
        """Return how many programs of this memory limit can have a turn at once."""
        return max(1, min(self.gate.max_running, self.gate.budget_mib // max(1, memory_mib)))

    def stats(self) -> AdmissionStats:
        """Return the counters; cheap."""
        return AdmissionStats(
            running=self.gate.running,
            max_running=self.gate.max_running,
            waiting=self.gate.waiting,
            memory_mib=self.gate.memory_mib,
            budget_mib=self.gate.budget_mib,
            admitted=self.gate.admitted,
            refused={rejection: self._rejected[rejection] for rejection in Rejection},
        )

    def close(self) -> None:
        """Admit nobody any more; those in line get `PoolClosedError`."""
        self._closed = True
        self.gate.dismiss(_closed_error)

    # For turns

    def take(self, memory_mib: int) -> bool:
        """Take a turn if one is free and nobody waits."""
        if self._closed:
            raise _closed_error()
        return self.gate.take(memory_mib)

    async def wait(self, caller: Caller, memory_mib: int) -> float:
        """Stand in line until a turn comes, and return after how many seconds it did."""
        asked_at = self.clock()
        patience = self._config.wait_seconds if caller.within_seconds is None else caller.within_seconds
        place = Place(caller, memory_mib)
        try:
            self.gate.join(place)
            self._refuse_if_late(place, patience)
            self._drop_one_too_many(place, patience)
            if not place.called.is_set():
                with move_on_after(patience):
                    await place.called.wait()
            if not place.granted:
                raise place.failure or self._timeout_error(patience)
        except BaseException:
            self.gate.leave(place)
            raise
        return max(0.0, self.clock() - asked_at)

    def _drop_one_too_many(self, newcomer: Place, patience: float) -> None:
        """Refuse somebody if the line is too long: of all clients, the one that fills it."""
        if newcomer.granted or self.gate.waiting <= self._config.max_waiting:
            return
        place = self.gate.to_drop(newcomer)
        ahead = self.gate.ahead(place)
        estimate = self._estimate(ahead)
        # When a place is free, and the time in line is one that callers wait.
        retry = None if estimate is None else max(estimate / (ahead + 1), estimate - patience)
        self._rejected[Rejection.FULL] += 1
        self.gate.leave(place)
        message = f"{self._config.max_waiting} callers already wait for their turn"
        place.refuse(_full_error(message, retry, "raise `admission.max-waiting`"))

    def _refuse_if_late(self, place: Place, patience: float) -> None:
        if place.granted:
            return
        ahead = self.gate.ahead(place)
        estimate = self._estimate(ahead)
        if estimate is not None and estimate > patience:
            self._rejected[Rejection.LATE] += 1
            when = f"in about {estimate:.3g} s, after {ahead} others"
            message = f"the turn would come {when}, not within {patience:g} s"
            raise _full_error(message, estimate - patience, "wait longer")

    def _estimate(self, ahead: int) -> float | None:
        # Somebody waits, so what runs at this moment is what can run at once.
        return self.pace.seconds_until(ahead + 1, at_once=self.gate.running)

    def _timeout_error(self, patience: float) -> PoolTimeoutError:
        self._rejected[Rejection.TIMEOUT] += 1
        hint = "run fewer programs at once, close sessions that are not needed, or wait longer"
        return PoolTimeoutError(f"no turn came within {patience:g} s", hint=hint)


def _closed_error() -> PoolClosedError:
    return PoolClosedError("the engine was closed, and no program has its turn any more")


def _full_error(message: str, estimate: float | None, remedy: str) -> PoolFullError:
    seconds = retry_seconds(estimate)
    hint = f"try again in about {seconds:g} s, run fewer programs at once, or {remedy}"
    return PoolFullError(message, hint=hint, retry_after_seconds=seconds)


def _share_of_memory(memory_mib: int | None) -> int:
    total = read_memory().total_mib if memory_mib is None else memory_mib
    return max(1, int(total * MEMORY_SHARE))


def _most_running(processors: int | None) -> int:
    count = len(os.sched_getaffinity(0)) if processors is None else processors
    return max(LEAST_RUNNING, PER_PROCESSOR * count)
