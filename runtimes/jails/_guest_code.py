"""Byte-compile the guest code once into the cache, where every jail can read it."""

import hashlib
import os
import py_compile
import shutil
import sys
import tempfile
from pathlib import Path

from engine import RuntimeUnavailableError

#: Where the jail sees it.
GUEST_CODE = "/opt/isorun"
SUPERVISOR = f"{GUEST_CODE}/supervisor.pyc"
ZYGOTE = f"{GUEST_CODE}/start_zygote.pyc"
_SOURCES = Path(__file__).parent.parent / "guest"


def ensure_guest_code(cache: Path) -> Path:
    """Return the folder with the compiled guest code; makes it when the sources have changed.

    Raises:
        RuntimeUnavailableError: The cache cannot be written.
    """
    sources = {
        entry.name: entry.read_bytes()
        for entry in _SOURCES.iterdir()
        if entry.name.endswith(".py") and entry.name != "__init__.py"
    }
    folder = cache / "guest" / _digest(sources)
    if not folder.is_dir():
        try:
            _build(sources, folder)
        except OSError as error:
            raise RuntimeUnavailableError(
                f"the guest code cannot be written to {folder}: {error.strerror}",
                hint="free disk space, or set `cache-dir` to a folder that you can write",
            ) from error
    return folder


def _digest(sources: dict[str, bytes]) -> str:
    digest = hashlib.sha256(sys.implementation.cache_tag.encode())
    for name in sorted(sources):
        digest.update(name.encode() + b"\0" + sources[name] + b"\0")
    return digest.hexdigest()[:16]


def _build(sources: dict[str, bytes], folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=folder.parent))
    try:
        for name, source in sources.items():
            _compile(staging, name, source)
        os.chmod(staging, 0o755)  # noqa: S103  # the jail reads it under another uid
        staging.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another engine was faster, which is as good
            raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _compile(staging: Path, name: str, source: bytes) -> None:
    """Write `name` as a module without source: unreadable tracebacks of ours are no loss, a start-up is."""
    path = staging / name
    path.write_bytes(source)
    compiled = staging / f"{path.stem}.pyc"
    py_compile.compile(
        str(path),
        cfile=str(compiled),
        dfile=f"{GUEST_CODE}/{name}",
        doraise=True,
        optimize=2,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    path.unlink()
    os.chmod(compiled, 0o644)
