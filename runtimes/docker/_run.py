"""The state of one run in a container while its bytes come, and the result made of it."""

import time
from typing import NamedTuple

import msgspec

from engine import (
    ConfigError,
    Output,
    Reason,
    Result,
    SandboxLostError,
    SandboxStartError,
    Stage,
    Status,
    Template,
    Timing,
    Usage,
    isolation_of,
)
from engine._process import Child, Ended
from engine._pump import Capture
from engine._runtime import Emit
from policies import Policy
from runtimes._verdict import Space, Verdict, verdict

from ._artifacts import Artifacts
from ._frames import ON_STDERR, Dialogue, Frames, Word

_MIB = 1 << 20
#: A shell's exit code for a program that a signal has ended: this and the number of the signal.
_SIGNAL_CODE = 128
_MISSING_COMMAND = 127


class End(NamedTuple):
    """How the first process of a container ended, in the words of the kernel or the daemon.

    Attributes:
        exit_code: As a shell has it.
        is_out_of_memory: Whether the kernel killed a process because of the memory limit.
    """

    exit_code: int
    is_out_of_memory: bool


class ContainerRun:
    """Takes what comes from a container, and says what became of the program.

    Args:
        child: Guard of the container.
        mark: Begins each line of the supervisor.
        policy: Whose limits apply.
        inputs: Content of the input files by name.
        emit: Gets every captured chunk of output; None when nobody watches.
    """

    def __init__(
        self, child: Child, mark: bytes, policy: Policy, inputs: dict[str, bytes], emit: Emit | None
    ) -> None:
        limits = policy.limits
        self._child = child
        self._emit = emit
        self._capture = Capture(limits.output_kib * 1024, lambda: child.kill("output"))
        self._frames = Frames()
        self._stdout = Dialogue(mark, self._on_word, self._on_stdout, self._on_archive)
        self._stderr = Dialogue(mark, self._on_over, self._on_stderr, self._on_stderr, ON_STDERR)
        self._artifacts = Artifacts(
            max_bytes=limits.artifact_mib * _MIB,
            max_count=limits.artifact_count,
            max_skipped=limits.disk_mib * _MIB,
            unchanged=inputs,
        )
        self._is_over = False
        self._missing: str | None = None
        self._last: tuple[str, ...] | None = None
        self._started_ms: float | None = None
        self._ran_ms: float | None = None
        self._begin = time.monotonic()

    def feed(self, data: bytes) -> None:
        """Take bytes of the container's streams."""
        for stream, piece in self._frames.feed(data):
            (self._stdout if stream == "stdout" else self._stderr).feed(piece)

    @property
    def has_begun(self) -> bool:
        """Whether the program has."""
        return self._started_ms is not None

    @property
    def is_over(self) -> bool:
        """Whether all has come that will: the program is dead, its output read, and its files are, too."""
        return self._is_over and self._artifacts.is_complete

    def result(self, ended: Ended, end: End, template: Template, oci_runtime: str) -> Result:
        """Judge the run by what the warden and the kernel or the daemon say of its end.

        Raises:
            ConfigError: The image lacks what runs the program.
            SandboxStartError: The program did not begin.
            SandboxLostError: The same, but it may have.
        """
        self._stdout.end()
        self._stderr.end()
        self._raise_host_failures(ended, end, template)
        judged = self._judge(ended, end)
        ran = self._ran_ms or self._elapsed_ms()
        peak, cpu = ended.peak_bytes, ended.cpu_seconds
        return Result(
            status=judged.status,
            reason=judged.reason,
            exit_code=judged.exit_code,
            signal=judged.signal,
            files=self._artifacts.result(),
            stages={"run": Stage(status=judged.status, exit_code=judged.exit_code, milliseconds=ran)},
            timing=Timing(started=self._started_ms or 0.0, ran=ran, collected=self._elapsed_ms()),
            usage=Usage(
                cpu_ms=None if cpu is None else cpu * 1000,
                peak_memory_mib=None if peak is None else peak / _MIB,
            ),
            isolation=isolation_of(template, path="cold", oci_runtime=oci_runtime),
            **self._capture.fields(),
        )

    def _judge(self, ended: Ended, end: End) -> Verdict:
        code, said, space = end.exit_code, self._last, Space(1, 1)
        wait_status = None
        if said is not None:
            # The code is not the shell's word. That it stands for a signal is known to the shell alone.
            is_signal = said[1:2] == ("1",) and code > _SIGNAL_CODE
            wait_status = code - _SIGNAL_CODE if is_signal else code << 8
            space = _space(said[2:])
        if end.is_out_of_memory and not ended.oom_kills:
            ended = msgspec.structs.replace(ended, oom_kills=1)
        if self._artifacts.is_too_much:
            return Verdict(Status.DISK, Reason.DISK_BYTES)
        return verdict(ended, wait_status, space, self._capture.overflowed)

    def _raise_host_failures(self, ended: Ended, end: End, template: Template) -> None:
        image = template.detail.image_name
        if self._missing is not None:
            raise ConfigError(
                f"the image `{image}` has no `{self._missing}`",
                hint="take an image that has it, or leave the choice to isorun: without `docker.image`",
            )
        if self.has_begun or ended.killed or ended.oom_kills or end.is_out_of_memory:
            return
        text = self._capture.content("stderr")[-500:].decode("utf-8", "replace").strip()
        if "No space left" in text:
            hint = "raise `limits.disk-mib` or `limits.file-count`"
            raise SandboxStartError(f"the program does not fit into the container: {text}", hint=hint)
        raise SandboxLostError(
            f"the container ended before the program began: {text or f'with code {end.exit_code}'}",
            hint="try again",
        )

    def _on_word(self, word: Word) -> None:
        match word.kind:
            case "begun":
                self._started_ms = self._elapsed_ms()
            case "missing":
                self._missing = " ".join(word.rest)
            case _:
                self._ran_ms = self._elapsed_ms()
                self._last = word.rest

    def _on_over(self, word: Word) -> None:
        self._is_over = True
        self._child.expect_end()  # all of the program is dead: what was counted is there to be read

    def _on_stderr(self, data: bytes) -> None:
        self._output("stderr", data)

    def _on_stdout(self, data: bytes) -> None:
        self._output("stdout", data)

    def _on_archive(self, data: bytes) -> None:
        self._artifacts.feed(data)
        if self._artifacts.is_too_much:
            self._child.kill("protocol")

    def _output(self, stream: str, data: bytes) -> None:
        kept = self._capture.add(stream, data)
        if kept and self._emit is not None:
            self._emit(Output(stream=stream, data=kept))

    def _elapsed_ms(self) -> float:
        return (time.monotonic() - self._begin) * 1000


def _space(words: tuple[str, ...]) -> Space:
    """Return what was left of the file system, if the supervisor can say; else something."""
    if len(words) == 2 and all(word.isdecimal() for word in words):
        return Space(int(words[0]), int(words[1]))
    return Space(1, 1)
