"""Languages of this runtime: Python by itself, and interpreters of the host started by `exec`."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from engine import ConfigError, Interpreter

PYTHON = "python"

#: Looked up in this order; what is not installed is not offered.
_BUILT_IN = {
    "bash": (("/usr/bin/bash", "/bin/bash"), ".sh"),
    "sh": (("/usr/bin/sh", "/bin/sh"), ".sh"),
    "perl": (("/usr/bin/perl",), ".pl"),
    "ruby": (("/usr/bin/ruby",), ".rb"),
    "node": (("/usr/bin/node",), ".js"),
    "r": (("/usr/bin/Rscript",), ".R"),
    "lua": (("/usr/bin/lua", "/usr/bin/lua5.4"), ".lua"),
    "php": (("/usr/bin/php",), ".php"),
    "tcl": (("/usr/bin/tclsh",), ".tcl"),
}
#: The only host folder a jailed interpreter can see.
_VISIBLE = ("/usr/", "/bin/", "/sbin/")


class Language(msgspec.Struct, frozen=True):
    """How to run one language: a command that takes the source file last, or None for Python itself."""

    command: tuple[str, ...] | None
    suffix: str


def find_languages(configured: Mapping[str, Interpreter]) -> dict[str, Language]:
    """Return the languages that can run here; configured ones replace built-in ones.

    Raises:
        ConfigError: A configured interpreter does not exist or lies where a jail cannot see it.
    """
    languages = {PYTHON: Language(None, ".py")}
    for name, (candidates, suffix) in _BUILT_IN.items():
        path = next((path for path in candidates if os.access(path, os.X_OK)), None)
        # A link out of /usr, as version managers make them, leads nowhere inside the jail.
        if path is not None and os.path.realpath(path).startswith(_VISIBLE):
            languages[name] = Language((path,), suffix)
    for name, interpreter in configured.items():
        languages[name] = _checked(name, interpreter)
    return languages


def _checked(name: str, interpreter: Interpreter) -> Language:
    key = f"interpreters.{name}.command"
    if name == PYTHON or not interpreter.command:
        raise ConfigError(f"`{key}`: {'Python is built in' if name == PYTHON else 'is empty'}")
    path = interpreter.command[0]
    if not Path(path).is_absolute() or not os.path.realpath(path).startswith(_VISIBLE):
        raise ConfigError(f"`{key}`: `{path}` is not below /usr", hint="only /usr is visible in the jail")
    if not os.access(path, os.X_OK):
        raise ConfigError(f"`{key}`: `{path}` is not an executable file")
    return Language(interpreter.command, interpreter.suffix)
