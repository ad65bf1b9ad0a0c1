"""Parts of a chaos that not every machine has: a container daemon of its own, and a model."""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest

from runtimes.docker._container import OWNER_LABEL
from tests.support.daemons import PrivateDaemon, docker, private_daemon, require_daemon
from tests.support.models import model_parts

#: Parts, and the clients that use them.
DAEMON, MODEL = "dockerd", "model"
CLIENTS = {DAEMON: "containers", MODEL: "model"}


class Extras(msgspec.Struct, kw_only=True):
    """Which of these parts there are.

    Attributes:
        daemon: None without one.
        folder: Of the daemon; nothing is there without one, or later.
        parts: Names of those there.
        left_out: Why others are not, by name.
    """

    daemon: PrivateDaemon | None = None
    folder: Path | None = None
    parts: tuple[str, ...] = ()
    left_out: dict[str, str] = {}

    @property
    def docker_host(self) -> str:
        """The address of the daemon, or of none."""
        return f"unix://{self.daemon.socket if self.daemon else '/nonexistent/docker.sock'}"

    def containers(self) -> list[str]:
        """Return the containers of engines that the daemon has, dead ones too."""
        if self.daemon is None:
            return []
        listed = docker("ps", "--all", "--quiet", "--filter", f"label={OWNER_LABEL}", host=self.daemon.socket)
        return listed.split()


@contextmanager
def open_extras(wanted: Collection[str]) -> Iterator[Extras]:
    """Have those of the wanted parts that this machine can have, and leave nothing of them."""
    extras = Extras()
    with ExitStack() as stack:
        if DAEMON in wanted:
            try:
                _open_daemon(stack, extras)
            except pytest.skip.Exception as skipped:
                extras.left_out[DAEMON] = str(skipped)
        if MODEL in wanted:
            try:
                model_parts()
                extras.parts += (MODEL,)
            except pytest.skip.Exception as skipped:
                extras.left_out[MODEL] = str(skipped)
        yield extras


def _open_daemon(stack: ExitStack, extras: Extras) -> None:
    """Start a daemon with an image from that of the machine, or skip as a test does."""
    require_daemon()
    # Not below the folder of the engine: the names of sockets are short.
    extras.folder = Path(stack.enter_context(TemporaryDirectory(prefix="isorun-daemon-")))
    extras.daemon = stack.enter_context(private_daemon(extras.folder))
    extras.parts += (DAEMON,)
