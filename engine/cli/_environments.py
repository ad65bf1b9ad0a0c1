"""What `isorun setup`, `isorun env` and `isorun doctor` know about guest environments."""

import json
from pathlib import Path
from typing import Any

from engine import EngineError, load_config
from runtimes.environments import (
    Listed,
    add_environment,
    list_environments,
    load_environment,
    prune,
    remove_environment,
)

from ._console import visible_line
from ._signals import sigterm_raises
from ._standard import say, write_data

#: Shown even before they are set up.
BUILT_IN = ("base", "data")


def add(name: str, *, requirements: str | None, wheels: str | None, preload: str | None) -> None:
    """Build an environment of the user, with progress on stderr; `preload` is separated by commas."""
    with sigterm_raises():
        add_environment(
            load_config().cache,
            name,
            show_progress,
            requirements=None if requirements is None else Path(requirements),
            wheels=None if wheels is None else Path(wheels),
            preload=() if preload is None else [module.strip() for module in preload.split(",")],
        )


def remove(name: str) -> None:
    """Delete an environment of the user."""
    remove_environment(load_config().cache, name, show_progress)


def prune_builds() -> None:
    """Delete builds that no environment uses any more."""
    prune(load_config().cache, show_progress)


def listed(cache: Path) -> list[Listed]:
    """Return all environments by name: those that are there, and the built-in ones that are not."""
    found = {entry.name: entry for entry in list_environments(cache)}
    for name in BUILT_IN:
        if name not in found:
            found[name] = _missing(cache, name)
    return [found[name] for name in sorted(found)]


def show(*, as_json: bool) -> None:
    """Print the environments."""
    environments = listed(load_config().cache)
    if as_json:
        write_data(json.dumps([_fields(entry) for entry in environments]) + "\n")
        return
    width = max(len(entry.name) for entry in environments)
    for entry in environments:
        write_data(visible_line(f"{entry.name:{width}}  {_summary(entry)}") + "\n")


def show_progress(message: str) -> None:
    """Print what is being done at this moment."""
    say(visible_line(message))


def _missing(cache: Path, name: str) -> Listed:
    try:
        return Listed(name=name, environment=load_environment(cache, name))
    except EngineError as error:
        return Listed(name=name, reason=str(error), hint=error.hint)


def _summary(entry: Listed) -> str:
    environment = entry.environment
    if environment is None:
        return f"not usable: {entry.reason}; {entry.hint}"
    size_mib = environment.bytes / 2**20
    count = len(environment.preload)
    modules = f"{count} module{'s'[: count != 1]} to preload"
    return f"Python {environment.version}, {size_mib:.0f} MiB of packages, {modules}"


def _fields(entry: Listed) -> dict[str, Any]:
    environment = entry.environment
    return {
        "name": entry.name,
        "usable": environment is not None,
        "python": environment and environment.version,
        "hash": environment and environment.hash,
        "package_bytes": environment and environment.bytes,
        "preload": environment and environment.preload,
        "reason": entry.reason,
        "hint": entry.hint,
    }
