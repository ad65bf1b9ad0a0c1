"""What only the engine can add to a result: stages, times, the way to the sandbox and why, a hint."""

import time
from typing import NamedTuple

import msgspec

from ._program import IsolationInfo, Output, Program, Reason, Result, Stage, Status, Timing
from ._runs import Run
from ._runtime import Compiled, Emit
from ._tiers import Chosen


class Call(NamedTuple):
    """A call of `Engine.run` up to where a sandbox is needed.

    Attributes:
        program: What the caller wants to run, with its files loaded.
        chosen: The runtime for it.
        called_at: When it was called.
        compiled: What the compile stage gave; None without one.
        compiled_at: When it had.
    """

    program: Program
    chosen: Chosen
    called_at: float
    compiled: Compiled | None
    compiled_at: float

    @property
    def ready(self) -> Program:
        """What a sandbox is given."""
        return self.program if self.compiled is None else self.compiled.program

    @property
    def failure(self) -> Result | None:
        """What a compile stage that did not succeed gave instead of something to run."""
        return None if self.compiled is None else self.compiled.failure


class Ran(NamedTuple):
    """What a sandbox reported, and when things happened on the way there."""

    result: Result
    warm: bool
    granted_at: float
    given_at: float


def completed(call: Call, ran: Ran) -> Result:
    """Return the result of a program that ran."""
    path = "warm" if ran.warm else ran.result.isolation.path
    stages = {**_stages(call), **ran.result.stages}
    raw = msgspec.structs.replace(ran.result, stages=stages, timing=_timing(call, ran))
    return _explained(call, raw, path)


def not_run(call: Call, failure: Result, emit: Emit | None) -> Result:
    """Return the result of a program whose compile stage failed, after emitting its diagnostics."""
    for stream, data in (("stdout", failure.stdout_bytes), ("stderr", failure.stderr_bytes)):
        if data and emit is not None:
            emit(Output(stream=stream, data=data))
    timing = Timing(compiled=_compiled_ms(call), total=_since(call, time.monotonic()))
    raw = msgspec.structs.replace(failure, stages=_stages(call), timing=timing)
    return _explained(call, raw, failure.isolation.path)


def outcome(run: Run) -> Result:
    """Return the result of a run; one without it was killed, and no sandbox can say how far it came."""
    if run.result is not None:
        return run.result
    chosen = run.chosen
    return Result(
        status=Status.CANCELLED,
        reason=Reason.CANCELLED,
        timing=Timing(total=(time.monotonic() - run.called_at) * 1000.0),
        isolation=IsolationInfo(
            runtime="" if chosen is None else chosen.runtime.name,
            path="",
            why="" if chosen is None else chosen.why,
        ),
    )


def _explained(call: Call, raw: Result, path: str) -> Result:
    return msgspec.structs.replace(
        raw,
        isolation=msgspec.structs.replace(raw.isolation, path=path, why=call.chosen.why),
        hint=raw.hint or call.chosen.runtime.hint(raw, call.program),
    )


def _stages(call: Call) -> dict[str, Stage]:
    return {} if call.compiled is None else {"compile": call.compiled.stage}


def _timing(call: Call, ran: Ran) -> Timing:
    """Add the times up: a sandbox counts from when it was given the program."""
    given_ms = _since(call, ran.given_at)
    inside = ran.result.timing
    return Timing(
        compiled=_compiled_ms(call),
        queued=_since(call, ran.granted_at),
        started=given_ms + inside.started,
        ran=given_ms + inside.ran,
        collected=given_ms + inside.collected,
        total=_since(call, time.monotonic()),
    )


def _compiled_ms(call: Call) -> float:
    return 0.0 if call.compiled is None else _since(call, call.compiled_at)


def _since(call: Call, moment: float) -> float:
    """Return the milliseconds from the call to a moment."""
    return (moment - call.called_at) * 1000.0
