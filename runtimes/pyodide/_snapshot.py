"""The memory snapshot that every sandbox starts from, made by Pyodide itself at set-up."""

import hashlib
from pathlib import Path

import runtimes
from engine import RuntimeUnavailableError
from engine._process import ToolError, run_tool
from runtimes.environments._declare import COMMON_MODULES

from ._catalog import FILES, VERSION

#: What short programs import most; waiting for anything imports the last one.
PRELOAD = (*COMMON_MODULES, "asyncio")
_ROOT = Path(runtimes.__path__[0])
GUEST_JS = _ROOT / "guest_js"
#: Python code that becomes part of the snapshot, and the JavaScript that makes it one.
_GUEST_MODULES = (
    _ROOT / "guest" / "program.py",
    _ROOT / "guest" / "report.py",
    GUEST_JS / "pyodide_guest.py",
)
_MAKERS = (GUEST_JS / "pyodide_snapshot.js", GUEST_JS / "pyodide_load.js")
#: Without a network, without configuration, and without asking.
CLOSED = (
    "--no-prompt",
    "--no-remote",
    "--no-npm",
    "--no-config",
    "--no-lock",
    "--cached-only",
    "--deny-import",
)
#: Five seconds on a quiet machine.
_SECONDS = 300.0


def content_digest() -> str:
    """Name the content of a distribution with its snapshot: the release, the guest code, what is imported."""
    digest = hashlib.sha256(repr((VERSION, sorted(FILES.items()), PRELOAD)).encode())
    for path in (*_GUEST_MODULES, *_MAKERS):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def make_snapshot(deno: Path, folder: Path) -> None:
    """Start the interpreter in `folder` once, import what is common, and keep its memory there.

    Raises:
        RuntimeUnavailableError: It did not start.
    """
    guest = folder / "guest"
    guest.mkdir()
    for path in _GUEST_MODULES:
        (guest / path.name).write_bytes(path.read_bytes())
    arguments = (f"{folder}/", f"{guest}/", *PRELOAD)
    run_trusted(deno, "pyodide_snapshot.js", arguments, read=(folder,), write=folder)
    for path in _GUEST_MODULES:
        (guest / path.name).unlink()
    guest.rmdir()


def run_trusted(
    deno: Path, script: str, arguments: tuple[str, ...], *, read: tuple[Path, ...], write: Path
) -> None:
    """Run a script of the guest code on the host, for set-up.

    Raises:
        RuntimeUnavailableError: It failed.
    """
    readable = ",".join(map(str, (*read, write, GUEST_JS)))
    permissions = (f"--allow-read={readable}", f"--allow-write={write}")
    command: tuple[str | Path, ...] = (deno, "run", "--quiet", *CLOSED, *permissions, GUEST_JS / script)
    try:
        run_tool((*command, *arguments), timeout_seconds=_SECONDS, cwd=write)
    except ToolError as error:
        raise RuntimeUnavailableError(
            f"Pyodide cannot be prepared: {error}",
            hint="repeat `isorun setup`; is there memory and disk space?",
        ) from error
