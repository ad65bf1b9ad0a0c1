"""Environments of users: from a requirements file, or from a folder of wheels."""

import re
from collections.abc import Sequence
from pathlib import Path

from engine._exceptions import ConfigError, RuntimeUnavailableError
from engine._process import ToolError

from ._build import ensure_environment
from ._declare import declared
from ._environment import Environment, load_environment
from ._host_python import HostPython, host_python
from ._layout import checked_name, environments_folder
from ._manifest import Recipe
from ._staging import Progress, cache_lock, scratch
from ._uv import lock_requirements

_REQUIREMENTS_BYTES = 1024 * 1024
#: Name, version, perhaps a build number, and three tags: https://packaging.python.org/specifications/
_WHEEL = re.compile(r"(?P<name>\w[\w.]*)-[^-]+(-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl", re.ASCII)
#: A name, a comment, a hash on a line of its own, or nothing: a rule of what is good, so that no spelling of
#: an option slips through.
_ACCEPTED_LINE = re.compile(r"[A-Za-z0-9#]|--hash=|$")
#: What uv says when the way to the packages is at fault, not the request.
_UNREACHABLE = ("error sending request", "Failed to fetch", "took longer than")


def add_environment(
    cache: Path,
    name: str,
    progress: Progress,
    *,
    requirements: Path | None = None,
    wheels: Path | None = None,
    preload: Sequence[str] = (),
) -> Environment:
    """Build an environment and make `name` stand for it; equal content again is a matter of resolving alone.

    Versions are pinned with hashes at this moment. No package's build code runs: wheels only.

    Args:
        cache: Where it goes.
        name: For `Program.environment`.
        progress: Gets one line before each step that takes long.
        requirements: A file of requirement specifiers.
        wheels: A folder; nothing else is installed from. Without `requirements`, everything in it.
        preload: Modules to import ahead of programs, after the common ones of the standard library.
            The order matters: a program gets the list up to the last package that it imports.

    Raises:
        ConfigError: The name, file or folder is not acceptable, the requirements cannot be satisfied, or a
            module to preload is not among the packages; what `name` stood for stays.
        RuntimeUnavailableError: It cannot be built here; what `name` stood for stays.
    """
    checked_name(name, new=True)
    modules = declared(preload)
    wanted = _wanted(requirements, wheels)
    python = host_python()
    with cache_lock(cache, progress):
        progress(f"pinning the packages of environment `{name}`")
        recipe = Recipe(
            name=name,
            source="requirements" if wheels is None else "wheels",
            lock=_lock(cache, name, wanted, python, wheels),
            wheels=None if wheels is None else str(wheels.absolute()),
            preload=modules,
        )
        ensure_environment(cache, recipe, python, progress)
    return load_environment(cache, name)


def _wanted(requirements: Path | None, wheels: Path | None) -> str:
    offered = None if wheels is None else _distributions(wheels)
    if requirements is not None:
        return _specifiers(requirements)
    if offered is None:
        raise ConfigError("an environment needs a requirements file or a folder of wheels")
    return "\n".join(offered)


def _distributions(wheels: Path) -> list[str]:
    try:
        names = [entry.name for entry in wheels.iterdir()]
    except OSError as error:
        raise ConfigError(f"`{wheels}` is not a readable folder of wheels: {error.strerror}") from error
    found = {match["name"] for name in names if (match := _WHEEL.fullmatch(name))}
    if not found:
        raise ConfigError(
            f"no wheels in `{wheels}`", hint="`pip download --only-binary :all:` fetches wheels"
        )
    return sorted(found)


def _specifiers(requirements: Path) -> str:
    """Read the file, and refuse options: uv builds an editable project even where building is off."""
    try:
        with requirements.open("rb") as file:
            text = file.read(_REQUIREMENTS_BYTES + 1).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"`{requirements}` cannot be read as requirements: {error}") from error
    if len(text) > _REQUIREMENTS_BYTES:
        raise ConfigError(f"`{requirements}` is larger than {_REQUIREMENTS_BYTES} bytes")
    for number, line in enumerate(text.splitlines(), start=1):
        if not _ACCEPTED_LINE.match(line.strip()):
            raise ConfigError(
                f"{requirements}: line {number}: not a name with versions: `{line.strip()[:80]}`",
                hint="options and paths are refused; wheels go into a folder, an index into uv's settings",
            )
    if not any(line.strip()[:1].isalnum() for line in text.splitlines()):
        raise ConfigError(f"`{requirements}` names no packages")
    return text


def _lock(cache: Path, name: str, wanted: str, python: HostPython, wheels: Path | None) -> str:
    with scratch(environments_folder(cache)) as folder:
        source, lock = folder / "requirements.in", folder / "requirements.txt"
        source.write_text(wanted, encoding="utf-8")
        try:
            lock_requirements(
                source, lock, python=python.executable, wheels=None if wheels is None else wheels.absolute()
            )
        except ToolError as error:
            raise _unlockable(name, error) from error
        pins = lock.read_text(encoding="utf-8")
    if not pins.strip():
        raise ConfigError(
            f"environment `{name}` would have no packages", hint="check the environment markers"
        )
    return pins


def _unlockable(name: str, error: ToolError) -> ConfigError | RuntimeUnavailableError:
    if any(text in str(error) for text in _UNREACHABLE):
        return RuntimeUnavailableError(
            f"the packages of environment `{name}` cannot be reached: {error}",
            hint="repeat with a network, or install from a folder of wheels",
        )
    return ConfigError(
        f"the packages of environment `{name}` cannot be had: {error}",
        hint="check names and versions; each package needs a wheel for this Python",
    )
