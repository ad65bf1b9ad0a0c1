"""The state of one run while its bytes move, and the result made of it."""

import os
import time
from contextlib import suppress

from engine import (
    Artifact,
    Capabilities,
    ErrorInfo,
    Output,
    ProtocolError,
    Result,
    SandboxLostError,
    SandboxStartError,
    Stage,
    Template,
    Timing,
    Usage,
)
from engine._process import Child, Ended
from engine._protocol import (
    Begun,
    Done,
    Exit,
    Failed,
    FrameReader,
    GuestMessage,
    ProgramMessage,
    Report,
    Started,
    decode,
    decode_report,
)
from engine._pump import Capture, Pump
from engine._runtime import Emit, isolation_of
from policies import Policy
from runtimes._verdict import Space, Verdict, verdict

from ._origin import Origin
from ._pipes import Pipes
from ._request import Handover, bounds_of

_MIB = 1 << 20
#: A process that waits for its next program of a session has all the time that a clock can count.
_IDLE_SECONDS = 1e6
_GOES_ON = Ended(
    number=0,
    wait_status=0,
    killed=None,
    failure="",
    cpu_seconds=None,
    peak_bytes=None,
    oom_kills=0,
    pids_refused=0,
    quarantined=False,
)


class Run:
    """The state of one run while its bytes move."""

    def __init__(
        self, child: Child, pipes: Pipes, origin: Origin, policy: Policy, own_pids: int, emit: Emit | None
    ) -> None:
        self._child = child
        self._origin = origin
        self._own_pids = own_pids
        self._pipes = pipes
        self._policy = policy
        self._emit = emit
        self._capture = Capture(policy.limits.output_kib * 1024, lambda: child.kill("output"))
        self._pump = Pump()
        self._answers = FrameReader(max_frame=4096)
        self._reports = FrameReader()
        self._wait_status: int | None = None
        self._report: Report | None = None
        self._report_problem: str | None = None
        self._started_ms: float | None = None
        self._begins_in_report = False
        self._may_trap = False
        self._is_one_of_many = False
        self._is_done = False
        self._failure: str | None = None
        self._violation: ProtocolError | None = None
        self._begin = time.monotonic()

    async def finish(self, handover: Handover) -> Ended:
        """Hand the program over, move its bytes, and wait until nothing of it can run any more.

        A process that takes another program after this one is not waited for: it has said that this one is
        over.
        """
        limits = self._policy.limits
        try:
            handover = self._send_ahead(handover)
            await self._child.arm(
                bounds_of(self._policy, self._own_pids),
                wall_seconds=limits.wall_seconds,
                cpu_seconds=limits.cpu_seconds,
            )
            self._connect(handover)
            self._child.notify(self._pump.stop)
            await self._pump.run()
            ended = await self._said_done() or await self._child.wait()
            self._pump.drain()
        finally:
            self._pump.close()
        self._raise_host_failures(ended)
        return ended

    async def _said_done(self) -> Ended | None:
        """Return what stands for the end of a program whose process lives on; None if that has ended, too."""
        if not self._is_done or not self._child.is_alive:
            return None
        await self._child.arm(
            bounds_of(self._policy, self._own_pids), wall_seconds=_IDLE_SECONDS, cpu_seconds=_IDLE_SECONDS
        )
        return _GOES_ON

    def elapsed_ms(self) -> float:
        return (time.monotonic() - self._begin) * 1000

    def judge(self, ended: Ended, space: Space) -> Verdict:
        trap = self._report.trap if self._may_trap and self._report is not None else None
        return verdict(ended, self._wait_status, space, self._capture.overflowed, trap)

    def result(
        self,
        end: Verdict,
        ended: Ended,
        template: Template,
        capabilities: Capabilities,
        files: tuple[Artifact, ...],
        ran_ms: float,
        path: str,
    ) -> Result:
        report = self._report or Report()
        peak, cpu = ended.peak_bytes, ended.cpu_seconds
        return Result(
            status=end.status,
            reason=end.reason,
            exit_code=end.exit_code,
            signal=end.signal,
            value=report.value,
            value_omitted=report.value_omitted or self._report_problem,
            error=_error_info(report),
            files=files,
            stages={"run": Stage(status=end.status, exit_code=end.exit_code, milliseconds=ran_ms)},
            timing=Timing(started=self._started_ms or 0.0, ran=ran_ms, collected=self.elapsed_ms()),
            usage=Usage(
                cpu_ms=None if cpu is None else cpu * 1000,
                peak_memory_mib=None if peak is None else peak / _MIB,
            ),
            isolation=isolation_of(
                template,
                path=path,
                degraded=capabilities.degraded,
                fallback=self._origin.fallback,
            ),
            **self._capture.fields(),
        )

    def _send_ahead(self, handover: Handover) -> Handover:
        """Send what may go ahead of the limits, and return the rest."""
        control, stdin, end = handover.control, handover.stdin, handover.ahead
        if not end:
            return handover
        # That nobody reads them is found out soon enough; what does not fit yet goes with the rest.
        with suppress(BrokenPipeError, ConnectionResetError, BlockingIOError):
            if control:
                sent = os.write(self._pipes.control.fileno(), control[:end])
                return handover._replace(control=control[sent:], ahead=0)
            sent = os.write(self._pipes.stdin, stdin[:end])
            return handover._replace(stdin=stdin[sent:], ahead=0)
        return handover

    def _connect(self, handover: Handover) -> None:
        pipes, pump = self._pipes, self._pump
        self._begins_in_report, self._may_trap = handover.begins_in_report, handover.may_trap
        self._is_one_of_many = handover.is_one_of_many
        pump.read(pipes.stdout, lambda data: self._output("stdout", data))
        pump.read(pipes.stderr, lambda data: self._output("stderr", data))
        pump.read(pipes.report, self._on_report)
        pump.read_at_end(pipes.control.fileno(), self._on_answer)
        if handover.control:
            pump.write(pipes.control.fileno(), handover.control, lambda: None)
        if handover.stdin:
            pump.write(pipes.stdin, handover.stdin, pipes.end_stdin)
        else:
            pipes.end_stdin()

    def _output(self, stream: str, data: bytes) -> None:
        kept = self._capture.add(stream, data)
        if kept and self._emit is not None:
            self._emit(Output(stream=stream, data=kept))

    def _on_answer(self, data: bytes) -> None:
        for message in self._decoded(self._answers, data):
            match message:
                case Started(monotonic_ns=moment):
                    self._started_ms = (moment / 1e9 - self._begin) * 1000
                case Exit(wait_status=status):
                    self._wait_status = status
                case Failed(error=error):
                    self._failure = error
                case _:
                    self._violate(ProtocolError("an unexpected frame before the program"))

    def _on_report(self, data: bytes) -> None:
        """Take the first report; what is malformed is the program's loss, not an error of the engine."""
        if self._is_done or self._report_problem is not None:
            return
        if self._report is not None and not self._is_one_of_many:
            return
        try:
            for frame in self._reports.feed_all(data):
                if self._report is None or self._is_one_of_many:
                    self._take(decode_report(frame))
        except ProtocolError as error:
            self._report_problem = str(error)
            self._pump.forget(self._pipes.report)

    def _take(self, message: ProgramMessage) -> None:
        match message:
            case Begun() if self._begins_in_report and self._started_ms is None:
                self._started_ms = self.elapsed_ms()
            case Report():
                self._report = message
                if self._is_one_of_many:
                    return
                # The last thing before the exit: what an honest program still wrote fits into the pipes.
                self._pump.defer_rest()
                if self._begins_in_report:  # an interpreter with threads and much memory
                    self._child.expect_end()
            case Done(exit_code=code) if self._is_one_of_many and self._report is not None:
                self._is_done = True
                self._wait_status = code << 8
                self._pump.stop()
            case _:
                raise ProtocolError("malformed report: a frame out of turn")

    def _decoded(self, reader: FrameReader, data: bytes) -> list[GuestMessage]:
        try:
            return [decode(frame) for frame in reader.feed_all(data)]
        except ProtocolError as error:
            self._violate(error)
            return []

    def _violate(self, error: ProtocolError) -> None:
        self._violation = error
        self._child.kill("protocol")

    def _raise_host_failures(self, ended: Ended) -> None:
        if self._violation is not None:
            raise self._violation
        if self._failure is not None:
            full = "No space left" in self._failure
            raise SandboxStartError(
                f"the sandbox could not be prepared: {self._failure}",
                hint="raise `limits.disk-mib` or `limits.file-count`" if full else "see `isorun doctor`",
            )
        if ended.killed == "lost":
            message = "the control group of the run was removed by somebody else"
            raise SandboxLostError(message, hint="see what else manages cgroups here", dispatched=True)
        if self._started_ms is None and not ended.killed and not ended.oom_kills:
            raise SandboxLostError("the sandbox ended before the program began", hint="try again")


def _error_info(report: Report) -> ErrorInfo | None:
    error = report.error
    if error is None:
        return None
    return ErrorInfo(
        type=error.type,
        message=error.message,
        traceback=error.traceback,
        line=error.line,
        module=error.module,
    )
