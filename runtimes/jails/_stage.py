"""A compile stage: something is done to a program in a jail of its own, before it runs in another one."""

import msgspec

from engine import ErrorInfo, Reason, Result, Stage, Status
from policies import Compile, Limits, Policy

#: Of what a compiler says, the beginning counts: the first error explains the others.
MAX_OUTPUT = 64 * 1024
_OUTPUT_KIB = 256
#: What comes out of it is handed over whole.
_ARTIFACT_MIB = 128


def stage_policy(bounds: Compile) -> Policy:
    """Return what a compile stage runs under: its own bounds, and nothing that the program is granted."""
    limits = Limits(
        wall_seconds=bounds.wall_seconds,
        cpu_seconds=bounds.cpu_seconds,
        memory_mib=bounds.memory_mib,
        disk_mib=bounds.disk_mib,
        output_kib=_OUTPUT_KIB,
        artifact_mib=_ARTIFACT_MIB,
    )
    return Policy(limits=limits)


def said(result: Result) -> str:
    """Return what a compiler said."""
    return (result.stdout + result.stderr)[:MAX_OUTPUT]


def stage_of(result: Result, text: str) -> Stage:
    """Describe a stage by how its jail ended and what was said there."""
    return Stage(
        status=result.status, exit_code=result.exit_code, milliseconds=result.timing.ran, output=text
    )


def failure_of(result: Result, text: str, error: ErrorInfo | None = None) -> Result:
    """Make what the engine returns out of a stage that did not succeed.

    Args:
        result: Of the jail.
        text: The diagnostics.
        error: The first of them.
    """
    has_errors = result.status is Status.ERROR
    return msgspec.structs.replace(
        result,
        reason=Reason.COMPILE_FAILED if has_errors else result.reason,
        stdout_bytes=b"",
        stderr_bytes=text.encode(),
        error=error if has_errors else None,
        value=None,
        files=(),
        stages={},
    )
