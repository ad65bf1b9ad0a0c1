"""The vocabulary of a run: what goes in (`Program`, `File`) and what comes out (`Result`)."""

from enum import StrEnum
from typing import Any

import msgspec


class File(msgspec.Struct, frozen=True, kw_only=True):
    """An input file, placed in the program's working folder before it starts.

    Attributes:
        name: Relative path in the working folder, with `/` between parts.
        data: The content; or
        path: a regular file on the host, read when the run starts.
        read_only: Written without write permission. The program owns the file and can undo that;
            use a policy mount for what it must not change.
    """

    name: str
    data: bytes | None = None
    path: str | None = None
    read_only: bool = False


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A program and everything that arrives with it.

    Attributes:
        code: Source text, or bytes exactly as the language wants them.
        language: For example `"python"`, `"bash"`, `"perl"`.
        args: Command-line arguments, after the program's own name.
        stdin: Bytes on standard input, then end of file.
        files: Input files for the working folder.
        env: Environment variables, on top of those of the policy.
        environment: Name of the guest environment (`"base"`, `"data"`, ...); None lets the runtime
            choose the smallest one that has the modules the program imports.
        check: Type-check before running, where the language has types; a program that does not pass is not
            run. Refused where no runtime can do it.
        flags: For the compiler, such as `"-O3"`; the policy says which are allowed.
        call: Name of an exported function to call in place of the program's beginning, with `args` as its
            arguments. The value is what it returns.
    """

    code: str | bytes
    language: str = "python"
    args: tuple[str, ...] = ()
    stdin: bytes = b""
    files: tuple[File, ...] = ()
    env: dict[str, str] = {}
    environment: str | None = None
    check: bool = False
    flags: tuple[str, ...] = ()
    call: str | None = None


class Status(StrEnum):
    """How a run ended, recorded by who enforced it."""

    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    OUTPUT = "output"
    PIDS = "pids"
    DISK = "disk"
    DENIED = "denied"
    CRASHED = "crashed"
    CANCELLED = "cancelled"


class Reason(StrEnum):
    """Which limit, signal or rule ended the run; finer than `Status`."""

    EXIT_ZERO = "exit-zero"
    EXIT_NONZERO = "exit-nonzero"
    WALL_LIMIT = "wall-limit"
    CPU_LIMIT = "cpu-limit"
    MEMORY_LIMIT = "memory-limit"
    OUTPUT_LIMIT = "output-limit"
    PIDS_LIMIT = "pids-limit"
    DISK_BYTES = "disk-bytes"
    DISK_FILES = "disk-files"
    FILE_SIZE = "file-size"
    SYSTEM_CALL = "system-call"
    SIGNAL = "signal"
    SUPERVISOR_DIED = "supervisor-died"
    CANCELLED = "cancelled"
    COMPILE_FAILED = "compile-failed"
    UNREACHABLE = "unreachable"
    STACK_OVERFLOW = "stack-overflow"
    OUT_OF_BOUNDS = "out-of-bounds"
    DIVISION_BY_ZERO = "division-by-zero"
    INTEGER_OVERFLOW = "integer-overflow"
    BAD_CALL = "bad-call"


class ErrorInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The uncaught exception as the program reports it: untrusted text, capped in length.

    Attributes:
        type: Name of the exception class.
        message: Its text.
        traceback: As the language prints it.
        line: Line in the program (1 is the first), when known.
        module: The module that an import did not find, when that was the error.
    """

    type: str
    message: str = ""
    traceback: str = ""
    line: int | None = None
    module: str | None = None


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the program left in its working folder: guest data, name included.

    Attributes:
        name: Path relative to the working folder.
        data: The content; empty when `skipped` is set.
        size: Bytes found.
        skipped: Why the content was not taken, or None.
    """

    name: str
    data: bytes = b""
    size: int = 0
    skipped: str | None = None


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of a run, `compile` or `run`.

    Attributes:
        status: How the stage ended.
        exit_code: Of its process, when it exited.
        milliseconds: Wall time.
        cached: Whether an earlier result was used.
        output: Diagnostics of a compile stage: text that quotes the program, capped in length.
    """

    status: Status
    exit_code: int | None = None
    milliseconds: float = 0.0
    cached: bool = False
    output: str = ""


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds since the call, cumulative: each is when that step was done, and 0 if it was not.

    Attributes:
        compiled: There was a compile stage, and it ended.
        queued: A sandbox was leased.
        started: The program started in it.
        ran: The program ended.
        collected: Its files were read.
        total: The call returns.
    """

    compiled: float = 0.0
    queued: float = 0.0
    started: float = 0.0
    ran: float = 0.0
    collected: float = 0.0
    total: float = 0.0


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What the sandbox used, as counted by the kernel; None where nothing counts it.

    Attributes:
        cpu_ms: Milliseconds of cpu of all its processes.
        peak_memory_mib: MiB, files in the sandbox included.
    """

    cpu_ms: float | None = None
    peak_memory_mib: float | None = None


class IsolationInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Where the program ran.

    Attributes:
        runtime: Name of the runtime; empty if the run was ended before one was chosen.
        path: `cold`, `warm`, `fork` or `snapshot`; empty if the run was ended without a word of a sandbox.
        why: Why this runtime was taken.
        environment: Guest environment, where the runtime has such; of a container, its image.
        degraded: Limits that were enforced in a weaker way than by cgroups, one sentence each.
        fallback: Why the sandbox was not forked, if it could have been.
        oci_runtime: What ran the container, where it was one, such as `runc`.
    """

    runtime: str
    path: str = "cold"
    why: str = ""
    environment: str | None = None
    degraded: tuple[str, ...] = ()
    fallback: str | None = None
    oci_runtime: str | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to a program.

    `status`, `reason`, `exit_code`, `signal`, `usage` and `timing` come from the supervisor. `stdout_bytes`,
    `stderr_bytes`, `value`, `error` and `files` are the program's own words.

    Attributes:
        value: The last expression or `result`, as JSON data; None when there is none.
        value_omitted: Why a value is missing, or None.
        stages: `run`, and `compile` if the program was compiled or checked first; when that failed there is
            no `run`.
        hint: What to do about the outcome, when the engine knows.
    """

    status: Status
    reason: Reason
    exit_code: int | None = None
    signal: str | None = None
    stdout_bytes: bytes = b""
    stderr_bytes: bytes = b""
    stdout_truncated: bool = False
    stderr_truncated: bool = False
    stdout_dropped_bytes: int = 0
    stderr_dropped_bytes: int = 0
    value: Any = None
    value_omitted: str | None = None
    error: ErrorInfo | None = None
    files: tuple[Artifact, ...] = ()
    stages: dict[str, Stage] = {}
    timing: Timing = Timing()
    usage: Usage = Usage()
    isolation: IsolationInfo
    hint: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the program ran to its end and exited with 0."""
        return self.status is Status.OK

    @property
    def stdout(self) -> str:
        """Standard output as text; bytes that are not UTF-8 become U+FFFD."""
        return self.stdout_bytes.decode("utf-8", "replace")

    @property
    def stderr(self) -> str:
        """Standard error as text; bytes that are not UTF-8 become U+FFFD."""
        return self.stderr_bytes.decode("utf-8", "replace")


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that the program wrote, as they came.

    Attributes:
        stream: `"stdout"` or `"stderr"`.
        data: Never empty; may end inside a character.
    """

    stream: str
    data: bytes
