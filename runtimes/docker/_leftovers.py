"""What builds leave that were interrupted: containers and images without a name, known by their label."""

from contextlib import suppress
from typing import TYPE_CHECKING

from ._client import DockerCommandError, docker_errors
from ._origin import packaged_tag

if TYPE_CHECKING:
    from ._client import DockerClient

#: Empty in a finished image; until then the name of the build.
BUILD_LABEL = "isorun.build"


def remove_leftovers(client: "DockerClient", build: str) -> None:
    """Remove what builds of this name have left. No build of this name is under way.

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
