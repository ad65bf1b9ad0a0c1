"""Copy the JavaScript guest code once into the cache, where every jail can read it."""

import hashlib
from pathlib import Path

from ._place import placed

_SOURCES = Path(__file__).parent.parent / "guest_js"


def ensure_guest_js(cache: Path, sources: Path = _SOURCES) -> Path:
    """Return the folder with the guest code, by the digest of its content; makes it when that is new.

    Args:
        cache: See `EngineConfig.cache`.
        sources: Folder to take it from.

    Raises:
        RuntimeUnavailableError: The cache cannot be written.
    """
    files = {str(path.relative_to(sources)): path.read_bytes() for path in _files(sources)}
    folder = cache / "guest-js" / _digest(files)
    if not folder.is_dir():
        with placed(folder) as staging:
            for name, content in files.items():
                path = staging / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    return folder


def _files(folder: Path) -> list[Path]:
    """Return the files of the guest code; what Python and editors leave beside them is none of it."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(_is_left_over(part) for part in path.relative_to(folder).parts)
    )


def _is_left_over(name: str) -> bool:
    return name.startswith(".") or name == "__pycache__" or name.endswith("~")


def _digest(files: dict[str, bytes]) -> str:
    """Return the digest of names and contents, each with its length before it."""
    digest = hashlib.sha256()
    for name, content in files.items():
        for part in (name.encode(), content):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]
