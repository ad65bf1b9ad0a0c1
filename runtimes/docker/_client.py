"""The one way to the docker command: python-on-whales starts it. For set-up only, never for a run.

What the command says when it fails is turned into errors that say what to do.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine._exceptions import RuntimeUnavailableError

from ._endpoint import INSTALL_HINT

if TYPE_CHECKING:
    # Named twice: what this module hands on, so that no other one imports the library.
    from python_on_whales import DockerClient as DockerClient

#: Enough of the output of a failed build to see what failed.
_TAIL_CHARACTERS = 1500
#: Exit code of `timeout` when the time is over.
TIMED_OUT = 124


class Trouble(NamedTuple):
    """A failure that is known.

    Attributes:
        signs: Any of these is in the output, in lower case.
        message: What happened.
        hint: What to do.
        is_ours: Whether it is between us and the daemon, and not between the daemon and somebody else.
    """

    signs: tuple[str, ...]
    message: str
    hint: str
    is_ours: bool = True


#: The first that fits counts: a full disk shows in many ways, some of which look like the ones below.
_TROUBLES = (
    Trouble(
        ("no space left on device", "enough free space", "disk quota exceeded"),
        "no space left in the data root of the daemon; what was begun is removed",
        "free some space (`docker system df` shows what the daemon keeps), and repeat",
    ),
    Trouble(
        ("permission denied while trying to connect", "connect: permission denied"),
        "no permission for the socket of the Docker daemon",
        "join the group that has it: `sudo usermod -aG docker $USER`, then log in again",
    ),
    Trouble(
        ("cannot connect to the docker daemon", "error during connect"),
        "no Docker daemon answers",
        INSTALL_HINT,
    ),
    Trouble(
        ("could not resolve", "failure resolving", "failed to fetch", "unable to fetch", "could not connect"),
        "the mirror of Debian's packages cannot be reached",
        "the images need it once; see that `http://deb.debian.org` can be reached, and repeat",
        is_ours=False,
    ),
)


def open_client(socket: Path, *, wall_seconds: float | None = None) -> "DockerClient":
    """Return a client for the daemon at `socket`; nothing is asked yet.

    Args:
        socket: Of the daemon, whatever context or host the user's own configuration names.
        wall_seconds: How long each command may take; without it as long as it does.

    Raises:
        RuntimeUnavailableError: There is no docker command.
    """
    docker = shutil.which("docker")
    if docker is None:
        raise RuntimeUnavailableError(
            "there is no command `docker`, and images are made with it",
            hint="install it: `apt install docker.io` on Debian and Ubuntu, `docker-cli` elsewhere",
        )
    # Late: it takes half a second, most of it for pydantic.
    from python_on_whales import DockerClient

    # The daemon's own builder: BuildKit needs a plugin, and Podman has none.
    command = ["env", "DOCKER_BUILDKIT=0", docker]
    if wall_seconds is not None:
        # In the foreground, so that a Ctrl-C reaches both.
        command = ["timeout", "--foreground", f"{wall_seconds:g}", *command]
    return DockerClient(host=f"unix://{socket}", client_call=command)


class DockerCommandError(RuntimeUnavailableError):
    """The docker command failed.

    Attributes:
        trouble: What that means, if it is known.
        output: What it said.
        code: How it exited.
    """

    def __init__(self, doing: str, output: str, code: int) -> None:
        self.trouble = _known(output)
        self.output = output.strip()
        self.code = code
        if self.trouble is not None:
            super().__init__(f"{doing}: {self.trouble.message}", hint=self.trouble.hint)
        else:
            said = self.output[-_TAIL_CHARACTERS:] or f"the docker command exited with {code}"
            super().__init__(f"{doing}: {said}", hint="`docker info` shows whether the daemon is well")


@contextmanager
def docker_errors(doing: str) -> Iterator[None]:
    """Turn a failure of the docker command into an error that says what to do.

    Args:
        doing: What is being done, as in "making the image `go`".

    Raises:
        DockerCommandError: The command failed.
        RuntimeUnavailableError: It cannot be started.
    """
    from python_on_whales.exceptions import DockerException

    try:
        yield
    except DockerException as error:
        raise DockerCommandError(doing, error.stderr or "", error.return_code) from error
    except OSError as error:
        raise RuntimeUnavailableError(f"{doing}: the docker command cannot be started: {error}") from error


def _known(output: str) -> Trouble | None:
    lower = output.lower()
    return next((trouble for trouble in _TROUBLES if any(sign in lower for sign in trouble.signs)), None)
