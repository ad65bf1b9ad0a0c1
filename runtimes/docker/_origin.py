"""What the base image is made from: the official Debian image, or a root of packages where no registry is."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine._exceptions import RuntimeUnavailableError
from engine._process import ToolError, run_tool
from runtimes.environments._staging import scratch

from ._catalog import BASE, REPOSITORY, context_of
from ._client import TIMED_OUT, DockerCommandError, docker_errors, open_client

if TYPE_CHECKING:
    from ._client import DockerClient

_PIN = re.compile(r"^ARG ORIGIN=(\S+@sha256:[0-9a-f]{64})$", re.MULTILINE)
#: Enough for 30 MB at two Mbit/s. A registry that cannot be reached fails sooner, by the daemon's own limits.
PULL_SECONDS = 120.0
#: The same release as the official image.
_SUITE = "bookworm"
#: What `isorun-install` keeps out as well.
_LEAN = [
    "--dpkgopt=force-unsafe-io",
    *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("doc", "info", "locale", "man")),
]
#: It takes half a minute where the mirror is near.
_BOOTSTRAP_SECONDS = 1200.0
_BOOTSTRAP_HINT = (
    "let the daemon reach a registry; or `apt install mmdebstrap debian-archive-keyring`, and see that "
    "`http://deb.debian.org` can be reached"
)


@contextmanager
def origin(
    client: "DockerClient", socket: Path, cache: Path, build: str, say: Callable[[str], None]
) -> Iterator[str]:
    """Lend the reference of an image that the base can be made from.

    Args:
        client: For the daemon.
        socket: The daemon's, for a client with a time limit.
        cache: Where a root of packages is made; the caller holds its lock.
        build: Names what is made for this alone; after a failure the caller removes that.
        say: Is told what happens.

    Raises:
        RuntimeUnavailableError: There is neither a registry nor a way to make a root from packages.
    """
    pin = pinned_origin()
    if has_pinned(open_client(socket, wall_seconds=PULL_SECONDS), pin, say):
        yield pin
        return
    tag = packaged_tag(build)
    with scratch(cache / "docker") as folder:
        root = _make_root(folder, say)
        with docker_errors("importing the root of the base image"):
            client.image.import_(root, tag=tag, changes=[f"LABEL isorun.build={build}"])
    yield tag
    with docker_errors("removing the name of the imported root"):
        client.image.remove(tag)  # the name only: what has been made from it keeps its layer


def pinned_origin() -> str:
    """Return the official image, named by its digest, that the base is made from where it can be had."""
    found = _PIN.search((context_of(BASE) / "Dockerfile").read_text(encoding="utf-8"))
    if found is None:
        raise AssertionError("the Dockerfile of the base pins no origin")
    return found[1]


def packaged_tag(build: str) -> str:
    """Return how an imported root is called while the base is made from it."""
    return f"{REPOSITORY}/root:{build}"


def has_pinned(client: "DockerClient", pin: str, say: Callable[[str], None]) -> bool:
    """Have the daemon fetch the pinned image, if it has not got it; False if no registry gives it.

    Raises:
        RuntimeUnavailableError: The daemon is not there, or its disk is full.
    """
    with docker_errors("looking for the origin of the images"):
        if client.image.exists(pin):
            return True
    say(f"asking the registry for `{pin.partition('@')[0]}` (at most {PULL_SECONDS:g} s)")
    try:
        with docker_errors("fetching the origin of the images"):
            client.image.pull(pin, quiet=True)
    except DockerCommandError as error:
        if error.trouble is not None and error.trouble.is_ours:
            raise  # packages would not help
        say(f"note: {_why(error)}; the base is made from Debian's packages instead")
        return False
    return True


def _why(error: DockerCommandError) -> str:
    """Say in a line why the registry did not give an image."""
    if error.code == TIMED_OUT:
        return f"the registry took longer than {PULL_SECONDS:g} s"
    last = error.output.splitlines()[-1:] or [f"exit code {error.code}"]
    return f"no registry: {last[0].removeprefix('Error response from daemon: ')}"


def _make_root(folder: Path, say: Callable[[str], None]) -> Path:
    """Make a root of Debian's essential packages as a tar file."""
    root = folder / "root.tar"
    say("making the root of the base from Debian's packages (takes half a minute)")
    try:
        if shutil.which("mmdebstrap") is not None:
            _run(["mmdebstrap", "--quiet", "--variant=minbase", *_LEAN, _SUITE, root], folder)
        elif shutil.which("debootstrap") is not None:
            _run(["debootstrap", "--variant=minbase", _SUITE, folder / "root"], folder)
            _run(
                ["tar", "--numeric-owner", "--one-file-system", "-C", folder / "root", "-cf", root, "."],
                folder,
            )
        else:
            raise RuntimeUnavailableError(
                "there is no registry, nor `mmdebstrap` or `debootstrap` to make the base image with",
                hint=_BOOTSTRAP_HINT,
            )
    except ToolError as error:
        raise RuntimeUnavailableError(
            f"the root of the base image cannot be made: {error}", hint=_BOOTSTRAP_HINT
        ) from error
    return root


def _run(command: list[str | Path], folder: Path) -> None:
    if os.geteuid() == 0:
        # Its temporary files lie in ours and go with them. All of it dies with the process that we can kill,
        # or the rest would go on writing there.
        contained = ["unshare", "--fork", "--kill-child", "--pid", "--mount-proc", *command]
        run_tool(contained, timeout_seconds=_BOOTSTRAP_SECONDS, env={"TMPDIR": str(folder)})
    else:
        # An ordinary user's lie in `/tmp`: from its namespace the way to the cache may be closed.
        run_tool(command, timeout_seconds=_BOOTSTRAP_SECONDS)
