"""Packages that Pyodide's own list does not have: wheels from the package index or a folder, by `uv`."""

import tempfile
from pathlib import Path

import uv

from engine import ConfigError
from engine._process import ToolError, run_tool

_SECONDS = 900.0
#: The newest platform of Pyodide's that `uv` knows. What matters: no wheel for another machine gets in.
_PLATFORM = ("--python-platform", "wasm32-pyodide2025", "--python-version", "3.14")
#: No build code of a package runs on the host.
_ALWAYS = ("--only-binary", ":all:", "--no-python-downloads", "--no-progress", "--color", "never")
_LOCK = ("--generate-hashes", "--quiet", "--no-header", "--no-annotate", "--no-emit-options")
_INSTALL = ("--require-hashes", "--no-deps", "--link-mode", "copy")
#: Made by the installation and useless in a sandbox.
_INSTALLER_FILES = ("bin/*", ".lock", "*.dist-info/direct_url.json", "*.dist-info/uv_cache.json")


def lock_wheels(folder: Path, names: list[str], mirror: Path | None) -> str:
    """Pin packages and what they need, with hashes.

    Args:
        folder: For what is in the works.
        names: What is wanted.
        mirror: Folder of wheels to take them from, in place of the package index.

    Raises:
        ConfigError: One has no wheel that Pyodide can use.
    """
    with tempfile.TemporaryDirectory(prefix=".building-", dir=folder) as name:
        wanted, lock = Path(name, "requirements.in"), Path(name, "requirements.txt")
        wanted.write_text("\n".join(names), encoding="utf-8")
        try:
            _uv("compile", wanted, "--output-file", lock, *_LOCK, *_from(mirror), cwd=Path(name))
        except ToolError as error:
            raise _unavailable(names, error) from error
        return lock.read_text(encoding="utf-8")


def install_wheels(pins: str, target: Path, mirror: Path | None) -> None:
    """Install exactly what `pins` says into a folder.

    Raises:
        ConfigError: A wheel is not there any more, or is another one.
    """
    lock = target.parent / "requirements.txt"
    lock.write_text(pins, encoding="utf-8")
    try:
        _uv("install", "--target", target, "--requirements", lock, *_INSTALL, *_from(mirror), cwd=lock.parent)
    except ToolError as error:
        raise _unavailable([], error) from error
    lock.unlink()
    for pattern in _INSTALLER_FILES:
        for path in list(target.glob(pattern)):
            path.unlink()


def _from(mirror: Path | None) -> tuple[str | Path, ...]:
    return () if mirror is None else ("--no-index", "--find-links", mirror)


def _uv(*arguments: str | Path, cwd: Path) -> None:
    command = (uv.find_uv_bin(), "pip", *arguments, *_PLATFORM, *_ALWAYS)
    run_tool(command, timeout_seconds=_SECONDS, cwd=cwd)


def _unavailable(names: list[str], error: ToolError) -> ConfigError:
    listed = f" ({', '.join(names)})" if names else ""
    return ConfigError(
        f"packages for Pyodide cannot be had{listed}: {error}",
        hint="a package needs a wheel for every machine (`py3-none-any`), or a place in Pyodide's own list",
    )
