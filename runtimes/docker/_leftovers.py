"""What builds leave that were interrupted: containers and images without a name, known by their label."""

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from ._client import DockerCommandError, docker_errors
from ._origin import packaged_tag

if TYPE_CHECKING:
    from ._client import DockerClient

#: Empty in a finished image; until then the name of the build.
BUILD_LABEL = "isorun.build"


#: A daemon whose client has gone ends the step that it is at, and keeps what comes of it. It is taken to be
#: done when this many looks in a row have found nothing.
_CALM_LOOKS = 3
_LOOK_SECONDS = 0.5
#: A daemon that is slower than this leaves the rest to the next set-up.
_PATIENCE_SECONDS = 30.0


def remove_all_leftovers(client: "DockerClient", build: str) -> None:
    """Remove what the build of this name leaves, which has just been interrupted, until no more comes.

    Raises:
        RuntimeUnavailableError: The daemon does not answer.
    """
    calm = 0
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while calm < _CALM_LOOKS and time.monotonic() < deadline:
        calm = 0 if remove_leftovers(client, build) else calm + 1
        time.sleep(_LOOK_SECONDS)


def remove_leftovers(client: "DockerClient", build: str) -> bool:
    """Remove what builds of this name have left, and return whether there was any. None of them is under way.

    Raises:
        RuntimeUnavailableError: The daemon does not answer.
    """
    label = f"{BUILD_LABEL}={build}"
    with docker_errors("looking for what an interrupted build left"):
        containers = client.container.list(all=True, filters=[("label", label)])
        images = client.image.list(filters=[("label", label)])
    for container in containers:
        with suppress(DockerCommandError), docker_errors("removing a container"):
            client.container.remove(container, force=True)  # the daemon may be about to do it itself
    for image in [*(image.id for image in images), packaged_tag(build)]:
        with suppress(DockerCommandError), docker_errors("removing an image"):
            client.image.remove(image)
    return bool(containers or images)
