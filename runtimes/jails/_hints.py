"""What to do about a result that a limit of the jail ended. Pure."""

from engine import Result, Status

_KEYS = {
    Status.OUTPUT: "limits.output-kib",
    Status.PIDS: "limits.pids",
}


def limit_hint(result: Result) -> str | None:
    """Return one sentence of advice, or None."""
    if result.status is Status.MEMORY:
        return "raise `limits.memory-mib` in the policy, or use `--memory`, if the program needs more"
    if result.status in _KEYS:
        return f"raise `{_KEYS[result.status]}` in the policy if the program needs more"
    if result.reason in ("wall-limit", "cpu-limit"):
        key = "wall-seconds" if result.reason == "wall-limit" else "cpu-seconds"
        return f"raise `limits.{key}` in the policy, or use `--timeout`"
    if result.reason in ("disk-bytes", "disk-files", "file-size"):
        key = "file-count" if result.reason == "disk-files" else "disk-mib"
        return f"raise `limits.{key}` in the policy if the program needs more"
    if result.reason == "system-call":
        return "the program made a system call that no program needs; the jail ended it"
    return None
