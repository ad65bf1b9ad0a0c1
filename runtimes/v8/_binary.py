"""Finding Deno, proving that it is one that works, and having a copy for the jails."""

import os
import shutil
from pathlib import Path

from engine._exceptions import RuntimeUnavailableError
from engine._process import ToolError, run_tool
from runtimes.environments._staging import Progress

from ._copy import binary_in, copy_folder, is_sound, keep_copy, newest_copy, version_numbers

#: What the guest code was written for and is tested with; up to the next major release.
LEAST_VERSION = (2, 9, 8)
_BELOW_MAJOR = 3
_PROOF_SECONDS = 20.0


def find_deno(configured: str | None, cache: Path) -> Path:
    """Return the copy of Deno that jails use, in a folder that holds nothing else; makes it if need be.

    The original is the configured binary, else that of the package `deno`, else that on PATH. Without one,
    the newest copy is taken. Looks at files alone when the copy is there.

    Raises:
        RuntimeUnavailableError: There is none, it is too old or too new, or it is not Deno.
    """
    return ensure_deno(configured, cache, _silent)


def ensure_deno(configured: str | None, cache: Path, progress: Progress) -> Path:
    """Do the same as `find_deno`, and say what takes long.

    Raises:
        RuntimeUnavailableError: See there.
    """
    original = _original(configured)
    if original is None:
        return newest_copy(cache)
    folder = copy_folder(original, cache)
    if not is_sound(folder):
        version = deno_version(original)
        progress(f"keeping Deno {version} where sandboxes can read it")
        keep_copy(original, folder, version)
    return binary_in(folder)


def deno_version(binary: Path) -> str:
    """Start a binary once and return the version of Deno that it is.

    Raises:
        RuntimeUnavailableError: It does not start, is something else, or is too old or too new.
    """
    hint = f"repair or remove `{binary}`, or name another binary with `ISORUN_DENO`"
    try:
        said = run_tool([binary, "--version"], timeout_seconds=_PROOF_SECONDS)
    except ToolError as error:
        raise RuntimeUnavailableError(f"Deno at `{binary}` does not start: {error}", hint=hint) from error
    match said.split()[:2]:
        case ["deno", version] if numbers := version_numbers(version):
            pass
        case _:
            raise RuntimeUnavailableError(f"`{binary}` is not Deno", hint=hint)
    if numbers < LEAST_VERSION or numbers[0] >= _BELOW_MAJOR:
        least = ".".join(map(str, LEAST_VERSION))
        raise RuntimeUnavailableError(
            f"Deno at `{binary}` is {version}; needed is {least} or newer, and below {_BELOW_MAJOR}",
            hint=hint,
        )
    return version


def _original(configured: str | None) -> Path | None:
    if configured is not None:
        return _configured(configured)
    return _packaged() or _on_path()


def _configured(configured: str) -> Path:
    path = Path(configured).expanduser().absolute()
    if _is_executable(path):
        return path
    raise RuntimeUnavailableError(
        f"the configured Deno `{path}` is not an executable file",
        hint="correct `deno` in the configuration or `ISORUN_DENO`, or remove it to search",
    )


def _packaged() -> Path | None:
    # Late: whoever configures a binary does not need the package.
    try:
        import deno  # type: ignore[import-untyped]

        path = Path(deno.find_deno_bin())
    except (ImportError, FileNotFoundError):
        return None
    return path if _is_executable(path) else None


def _on_path() -> Path | None:
    found = shutil.which("deno")
    return Path(found).absolute() if found else None


def _is_executable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _silent(_message: str) -> None:
    """Nobody watches."""
