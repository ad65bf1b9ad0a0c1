"""Where the background engine of this user listens: in the folder of the control sockets.

For the command line, which is quick only if it imports little: `_control_folder.py` says the same at length.
"""

import os

SOCKET = "background.sock"
LOCK = "background.lock"
_RUN = "/run"
#: Where `tempfile` looks for a folder, in this order.
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")
_OTHERS = 0o077


def candidates() -> list[str]:
    """Return the places where the folder may be, the best first."""
    name = f"isorun-{os.geteuid()}"
    places = [f"{_RUN}/{name}", os.path.join(_temporary(), name)]
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if _is_own(runtime):
        places.insert(0, os.path.join(runtime, "isorun"))
    return list(dict.fromkeys(places))


def open_folder(path: str) -> int | None:
    """Return a descriptor of a folder that is ours and closed to others; None if there is no such folder."""
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    found = os.fstat(folder)
    if found.st_uid != os.geteuid() or found.st_mode & _OTHERS:
        os.close(folder)
        return None
    return folder


def address(folder: int, name: str) -> str:
    """Return the path of a socket in a folder: short enough however long the folder's own path is."""
    return f"/proc/self/fd/{folder}/{name}"


def _temporary() -> str:
    places = [os.environ.get(name, "") for name in _TEMPORARY] + ["/tmp", "/var/tmp", "/usr/tmp"]  # noqa: S108
    for place in places:
        if place and os.path.isdir(place) and os.access(place, os.W_OK | os.X_OK):
            return os.path.abspath(place)
    return os.getcwd()


def _is_own(folder: str) -> bool:
    try:
        return os.path.isabs(folder) and os.stat(folder).st_uid == os.geteuid()
    except OSError:
        return False
