"""What a measurement was made with: versions, machine, commit."""

import os
import platform
from importlib import metadata
from pathlib import Path

import msgspec

from agent._task import Budget

_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("isorun", "llama-cpp-python")


class Header(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="header"):
    """Under which conditions the records after it were made.

    Attributes:
        commit: Of the checkout that ran, if it is one.
        skipped: Per set, how many items were not scored, by the reason.
    """

    model: str
    budget: Budget
    versions: dict[str, str] = {}
    cpu: str = ""
    cores: int = 0
    commit: str | None = None
    skipped: dict[str, dict[str, int]] = {}


def header(model: str, budget: Budget, skipped: dict[str, dict[str, int]] | None = None) -> Header:
    """Look at this machine and this installation."""
    return Header(
        model=model,
        budget=budget,
        versions=_versions(),
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)),
        commit=commit_of(_ROOT),
        skipped=skipped or {},
    )


def commit_of(root: Path) -> str | None:
    """Return the commit that is checked out in a folder, read from its files; None if that is not plain."""
    head = _text(root / ".git/HEAD").strip()
    if not head.startswith("ref: "):
        return head or None
    name = head.removeprefix("ref: ")
    loose = _text(root / ".git" / name).strip()
    packed = (line.partition(" ") for line in _text(root / ".git/packed-refs").splitlines())
    return loose or next((commit for commit, _, reference in packed if reference == name), None)


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _cpu() -> str:
    for line in _text(Path("/proc/cpuinfo")).splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
