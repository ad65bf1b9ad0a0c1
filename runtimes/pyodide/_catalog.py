"""The pinned release of Pyodide, and what its own list says about the packages built for it."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from engine import ConfigError, RuntimeUnavailableError

VERSION = "314.0.7"
#: Files of the distribution that a sandbox or the set-up needs, with their SHA-256.
FILES = {
    "pyodide.mjs": "6f1d60f7bf529beb300f0f47983c921d3982363640ba20af0e38efdddbc66109",
    "pyodide.asm.mjs": "f7cdc8ece80678ceb712f8e65ebe6d3a83203a180c399865f49612a051693635",
    "pyodide.asm.wasm": "cc36e3cab04fdfc9a63ff13eb52eae2b911bf46c025cc7b281f394bd3de1d5e6",
    "python_stdlib.zip": "fa1957e5777068fc4f7437f96d860ae2fbe9c19732ba06c84e004ec16dd7dd7a",
    "pyodide-lock.json": "5dc2fc119108bc148c7457dc86e7675b5c87e1cafd420b9c34c1eaef7b36c010",
}
#: Where the packages of this release lie, each at its file name.
PACKAGES_URL = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"
SETUP_HINT = "run `isorun setup --pyodide`"


class LockedPackage(msgspec.Struct, frozen=True, kw_only=True):
    """A package of the distribution, as its list has it.

    Attributes:
        name: Normalised.
        version: Of the package.
        file_name: Of its wheel or archive.
        sha256: Of that file.
        install_dir: Python packages go to `site`, libraries that those link with to `dynlib`.
        depends: Names of other packages in the list.
        imports: Names of the modules that it brings.
    """

    name: str
    version: str
    file_name: str
    sha256: str
    install_dir: Literal["site", "dynlib"]
    depends: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


class Lock(msgspec.Struct, frozen=True):
    """The distribution's own list of packages, by normalised name."""

    packages: dict[str, LockedPackage]


def read_lock(folder: Path) -> Lock:
    """Read the list of a distribution.

    Raises:
        RuntimeUnavailableError: It is missing or not readable as one.
    """
    path = folder / "pyodide-lock.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Lock)
    except (OSError, msgspec.DecodeError) as error:
        raise RuntimeUnavailableError(f"`{path}` cannot be read: {error}", hint=SETUP_HINT) from error


def normalised(name: str) -> str:
    """Return the name of a distribution package as the list spells it.

    Raises:
        ConfigError: It cannot be one.
    """
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?", name, re.ASCII):
        raise ConfigError(
            f"`{name[:100]}` cannot name a package", hint="give names as the package index has them"
        )
    return re.sub(r"[-_.]+", "-", name).lower()


def with_dependencies(lock: Lock, names: Iterable[str]) -> tuple[LockedPackage, ...]:
    """Return the packages of these names with everything that they need, in a fixed order.

    Args:
        lock: The list; names that are not in it are left out.
        names: Normalised.
    """
    found: dict[str, LockedPackage] = {}
    waiting = [name for name in names if name in lock.packages]
    while waiting:
        package = lock.packages[waiting.pop()]
        if package.name not in found:
            found[package.name] = package
            waiting += _known(lock, package.depends)
    return tuple(found[name] for name in sorted(found))


def _known(lock: Lock, names: Iterable[str]) -> Iterator[str]:
    for name in map(normalised, names):
        if name in lock.packages:
            yield name
