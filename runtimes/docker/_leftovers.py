"""What builds leave that were interrupted: containers and images without a name, known by their label."""

from contextlib import suppress
from typing import TYPE_CHECKING

from ._client import docker_errors
from ._origin import packaged_tag

if TYPE_CHECKING:
    from python_on_whales import DockerClient

#: Empty in a finished image; until then the name of the build.
BUILD_LABEL = "isorun.build"


def remove_leftovers(client: "DockerClient", build: str) -> None:
    """Remove what builds of this name have left. No build of this name is under way.

    Raises:
        RuntimeUnavailableError: The daemon does not answer.
    """
    from python_on_whales.exceptions import DockerException

    label = f"{BUILD_LABEL}={build}"
    with docker_errors("looking for what an interrupted build left"):
        for container in client.container.list(all=True, filters=[("label", label)]):
            # The daemon may be about to do it itself.
            with suppress(DockerException):
                client.container.remove(container, force=True)
        for image in client.image.list(filters=[("label", label)]):
            with suppress(DockerException):
                client.image.remove(image)
        with suppress(DockerException):
            client.image.remove(packaged_tag(build))
