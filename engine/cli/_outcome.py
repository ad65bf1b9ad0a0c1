"""What a person reads after a run: why it ended, what to do, which files there are. All on stderr."""

from collections.abc import Sequence

from engine import Artifact, Reason, Result, Status
from policies import Limits

from ._console import visible, visible_line
from ._errors import print_error, print_hint
from ._outputs import Written
from ._standard import say

#: Limit -> (field of the policy's limits, unit).
_LIMITS = {
    Reason.WALL_LIMIT: ("wall_seconds", "s"),
    Reason.CPU_LIMIT: ("cpu_seconds", "s"),
    Reason.MEMORY_LIMIT: ("memory_mib", "MiB"),
    Reason.OUTPUT_LIMIT: ("output_kib", "KiB"),
    Reason.PIDS_LIMIT: ("pids", "processes"),
    Reason.DISK_BYTES: ("disk_mib", "MiB"),
    Reason.DISK_FILES: ("file_count", "files"),
}

# As many names as fit on a line or two; the rest is counted.
_NAMES_SHOWN = 5


def show_end(result: Result, limits: Limits) -> None:
    """Say how a run ended, if not well."""
    _show_warnings(result)
    _show_truncation(result)
    if result.ok:
        return
    print_error(_message(result, limits))
    for sentence in result.isolation.degraded:
        note(sentence)
    print_hint(result.hint)


def show_written(folder: str, written: Written) -> None:
    """Say which files were written and which were not."""
    if written.names:
        note(f"wrote {_count(written.names)} to `{folder}`: {_names(written.names)}")
    for name, reason in written.left:
        note(f"`{name}` was not written: {reason}")


def show_unwritten(artifacts: Sequence[Artifact]) -> None:
    """Say that files were left that nobody asked for."""
    if artifacts:
        names = [artifact.name for artifact in artifacts]
        note(f"the program left {_count(names)}: {_names(names)}; `--output DIR` keeps them")


def note(text: str) -> None:
    """Print a remark to stderr; it may quote the guest."""
    say(f"note: {visible_line(text)}")


def _message(result: Result, limits: Limits) -> str:
    what = "the program" if _compiled(result) else "the program was not run: its compile stage"
    match result.status:
        case Status.ERROR | Status.CRASHED:
            end = f"signal {result.signal}" if result.signal else f"exit code {result.exit_code}"
            return f"{what} failed with {end} (`{result.status}`, `{result.reason}`)"
        case Status.CANCELLED:
            return "the run was ended by `isorun kill` (`cancelled`)"
        case _:
            limit = _limit(result.reason, limits)
            return f"{what} was stopped: `{result.status}`, `{result.reason}`{limit}"


def _compiled(result: Result) -> bool:
    """Whether there was nothing to compile, or that went well."""
    stage = result.stages.get("compile")
    return stage is None or stage.status is Status.OK


def _limit(reason: Reason, limits: Limits) -> str:
    if reason not in _LIMITS:
        return ""
    field, unit = _LIMITS[reason]
    return f" of {getattr(limits, field):g} {unit}"


def _show_warnings(result: Result) -> None:
    """Show what a compile stage said that let the program run; what failed has said it on stderr."""
    stage = result.stages.get("compile")
    if stage is not None and stage.status is Status.OK and stage.output.strip():
        note("the compile stage said:")
        say(visible(stage.output).rstrip("\n"))


def _show_truncation(result: Result) -> None:
    for stream, dropped in (("stdout", result.stdout_dropped_bytes), ("stderr", result.stderr_dropped_bytes)):
        if dropped:
            note(f"{stream} was cut: {dropped} bytes were dropped")


def _count(names: Sequence[str]) -> str:
    return f"{len(names)} file{'' if len(names) == 1 else 's'}"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
