"""Where the daemon listens: one socket on this machine, found without asking it anything."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from engine._exceptions import RuntimeUnavailableError

_SCHEME = "unix://"
INSTALL_HINT = (
    "install and start one (Debian and Ubuntu: `apt install docker.io`, then `systemctl start docker`), "
    "or name its socket with `DOCKER_HOST=unix:///path/to/docker.sock`"
)


def find_socket(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the unix socket of the daemon: `DOCKER_HOST`, else the first usual place where there is one.

    Whether anybody answers there, and whether we may ask, is found out by who connects.

    Raises:
        RuntimeUnavailableError: `DOCKER_HOST` names a daemon elsewhere, or there is no socket.
    """
    named = environ.get("DOCKER_HOST", "")
    if named:
        return _named_socket(named)
    places = list(_usual_places(environ))
    for place in places:
        if _is_socket(place):
            return place
    tried = ", ".join(f"`{place}`" for place in places)
    raise RuntimeUnavailableError(f"no Docker daemon here: none of {tried} is a socket", hint=INSTALL_HINT)


def _named_socket(host: str) -> Path:
    path = Path(host.removeprefix(_SCHEME))
    if not host.startswith(_SCHEME) or not path.is_absolute():
        # The limits of a container are enforced by the kernel below its daemon. Of another machine's kernel
        # nothing is known here, and a connection by TCP is open to who can reach the port.
        raise RuntimeUnavailableError(
            f"`DOCKER_HOST` is `{host}`, and nothing here would guard the containers of a daemon elsewhere",
            hint="unset `DOCKER_HOST`, or name a socket of this machine: `unix:///path/to/docker.sock`",
        )
    if not _is_socket(path):
        raise RuntimeUnavailableError(
            f"no Docker daemon here: `{path}`, which `DOCKER_HOST` names, is no socket",
            hint="start the daemon, or unset `DOCKER_HOST`",
        )
    return path


def _usual_places(environ: Mapping[str, str]) -> Iterator[Path]:
    """Docker's places, then Podman's; a daemon of the system comes before one of the user."""
    own = environ.get("XDG_RUNTIME_DIR", "")
    yield Path("/var/run/docker.sock")
    if own:
        yield Path(own) / "docker.sock"
    yield Path("/run/podman/podman.sock")
    if own:
        yield Path(own) / "podman/podman.sock"


def _is_socket(path: Path) -> bool:
    """Whether it is one as far as we can see; a folder that we may not enter counts as none."""
    try:
        return path.is_socket()
    except OSError:
        return False
