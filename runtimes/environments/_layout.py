"""Where things lie: folders of the cache, and paths that a guest sees."""

import re
from pathlib import Path

from engine._exceptions import ConfigError

#: Part of every layer's hash: raise it when a layer built by older code must not be used any more.
LAYOUT_VERSION = 3

GUEST_PYTHON_HOME = "/opt/python"
GUEST_PYTHON = f"{GUEST_PYTHON_HOME}/bin/python3"
GUEST_PACKAGES = "/opt/packages"
#: Whatever a runtime shows beside the interpreter.
GUEST_TOOLS = "/opt/tools"
GUEST_HOME = "/box/work"
GUEST_TEMPORARY = "/box/tmp"
GUEST_UID = 1000

MANIFEST = "manifest.json"
SETUP_HINT = "run `isorun setup`"

BASE = "base"
DATA = "data"
#: Names that a user may not give to an environment: the built-in ones, and words that read like options.
RESERVED_NAMES = frozenset({BASE, DATA, "all", "auto", "current", "default", "none"})
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}", re.ASCII)


def interpreters_folder(cache: Path) -> Path:
    """Return the folder of all interpreter layers."""
    return cache / "interpreters"


def interpreter_root(cache: Path, layer: str) -> Path:
    """Return the folder that becomes `/` in a jail."""
    return interpreters_folder(cache) / layer / "root"


def environments_folder(cache: Path) -> Path:
    """Return the folder of all environments."""
    return cache / "environments"


def environment_folder(cache: Path, name: str) -> Path:
    """Return the folder of all layers of one environment."""
    return environments_folder(cache) / name


def tools_folder(cache: Path) -> Path:
    """Return the folder of unpacked tools."""
    return cache / "tools"


def checked_name(name: str, *, new: bool = False) -> str:
    """Return `name` if it can name an environment.

    Args:
        name: The name to check; it becomes a folder's name.
        new: Whether a user wants to create it, which reserved names do not allow.

    Raises:
        ConfigError: It can't.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"`{name[:64]}` cannot name an environment",
            hint="use 1 to 32 lower-case letters, digits and `-`, starting with a letter",
        )
    if new and name in RESERVED_NAMES:
        raise ConfigError(f"`{name}` is a reserved name", hint="choose another name for the environment")
    return name
