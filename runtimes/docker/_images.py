"""Making the images, and saying which are there."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from engine._exceptions import RuntimeUnavailableError
from runtimes.environments._staging import remove_leftovers as remove_folders

from ._catalog import BASE, IMAGE_LABEL, IMAGES, REPOSITORY, Image, context_of, image_named, labels, reference
from ._client import DockerCommandError, docker_errors, open_client
from ._endpoint import find_socket
from ._leftovers import BUILD_LABEL, remove_all_leftovers, remove_leftovers
from ._origin import origin

if TYPE_CHECKING:
    from ._client import DockerClient

type State = Literal["built", "outdated", "missing"]

#: The builder knows these without being told; they reach the mirror through a proxy, and stay in no image.
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_BUILD_DIGITS = 12


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An image that there could be.

    Attributes:
        image: What it is.
        reference: The tag that runs use; the daemon has it if the state is `built`.
        state: `outdated` if there is only one from an older recipe.
        bytes: Its size, layers that it shares with others included; None if it is missing.
    """

    image: Image
    reference: str
    state: State
    bytes: int | None


class _Tagged(msgspec.Struct, frozen=True):
    """A tag of ours that the daemon has."""

    name: str
    tag: str
    bytes: int


def ensure_images(names: Sequence[str], say: Callable[[str], None], *, cache: Path) -> None:
    """Make the images that are missing, the base first; those that are there are left alone.

    An image appears in one step when it is complete. Then those of the same name from older recipes go,
    unless a container uses them. Needs Debian's mirror once per image, and blocks for minutes.

    Args:
        names: Names or aliases of images.
        say: Is told what is done.
        cache: Where a root is made if there is no registry; the caller holds its lock.

    Raises:
        ConfigError: There is no such image.
        RuntimeUnavailableError: There is no daemon, or an image cannot be made; those there stay usable.
    """
    wanted = list(dict.fromkeys(image_named(name).name for name in names))
    socket = find_socket()
    client = open_client(socket)
    there = {tagged.tag for tagged in _tagged(client)}
    missing = [name for name in wanted if reference(name) not in there]
    if not missing:
        return
    if reference(BASE) not in there and BASE not in missing:
        missing.insert(0, BASE)
    builder = _Builder(client, socket, cache, say)
    with builder.cleaned():
        for name in sorted(missing, key=lambda name: name != BASE):
            builder.build(name)


def list_images() -> list[Listed]:
    """Return all images that there could be, in the order of the catalog.

    Raises:
        RuntimeUnavailableError: There is no daemon to ask.
    """
    tagged = _tagged(open_client(find_socket()))
    return [
        _listed(image, [entry for entry in tagged if entry.name == image.name]) for image in IMAGES.values()
    ]


def build_name(cache: Path) -> str:
    """Return what builds from this cache are called while they are under way.

    Who holds the lock of the cache is the only one with this name, and so removes nothing of another's build.
    """
    return hashlib.sha256(os.fsencode(cache.resolve())).hexdigest()[:_BUILD_DIGITS]


def _listed(image: Image, there: Sequence[_Tagged]) -> Listed:
    current = reference(image.name)
    sizes = {entry.tag: entry.bytes for entry in there}
    if current in sizes:
        return Listed(image=image, reference=current, state="built", bytes=sizes[current])
    if sizes:
        return Listed(image=image, reference=current, state="outdated", bytes=max(sizes.values()))
    return Listed(image=image, reference=current, state="missing", bytes=None)


def _tagged(client: "DockerClient") -> list[_Tagged]:
    """Return what the daemon has of ours. What users made from ours has our label too, but another name."""
    with docker_errors("listing the images"):
        return [
            _Tagged(name, tag, image.size)
            for image in client.image.list(filters=[("label", IMAGE_LABEL)])
            for tag in map(_short, image.repo_tags)
            for name in IMAGES
            if tag.startswith(f"{REPOSITORY}/{name}:")
        ]


def _short(tag: str) -> str:
    """Podman names what comes from no registry `localhost/...`, and finds it without that."""
    return tag.removeprefix("localhost/")


class _Builder:
    """Makes one image after the other."""

    def __init__(self, client: "DockerClient", socket: Path, cache: Path, say: Callable[[str], None]) -> None:
        self._client = client
        self._socket = socket
        self._cache = cache
        self._say = say
        self._build = build_name(cache)

    @contextmanager
    def cleaned(self) -> Iterator[None]:
        """Remove what a killed set-up has left, and, if this one fails, what it leaves."""
        remove_leftovers(self._client, self._build)
        remove_folders(self._cache / "docker")
        try:
            yield
        except BaseException:
            # If the daemon has gone away, the next set-up does it.
            with suppress(RuntimeUnavailableError):
                remove_all_leftovers(self._client, self._build)
            raise

    def build(self, name: str) -> None:
        """Make an image, and remove those that it replaces."""
        if name == BASE:
            with origin(self._client, self._socket, self._cache, self._build, self._say) as start:
                self._build_from({"ORIGIN": start}, name)
        else:
            self._build_from({"BASE": reference(BASE)}, name)
        self._remove_older(name)

    def _build_from(self, arguments: Mapping[str, str], name: str) -> None:
        self._say(f"making the image `{name}` (takes up to a minute)")
        with docker_errors(f"making the image `{name}`"):
            image = self._client.image.legacy_build(
                context_of(name),
                build_args={**_proxies(), **arguments, "BUILD": self._build},
                labels={**labels(name), BUILD_LABEL: ""},
                # The mirror is reached as from this machine, also where containers have no network.
                network="host",
                tags=reference(name),
            )
            self._say(f"the image `{name}` is ready: {reference(name)}, {image.size / 2**20:.0f} MiB")

    def _remove_older(self, name: str) -> None:
        for entry in _tagged(self._client):
            if entry.name == name and entry.tag != reference(name):
                try:
                    with docker_errors(f"removing {entry.tag}"):
                        self._client.image.remove(entry.tag)
                except DockerCommandError:
                    self._say(f"note: {entry.tag} is outdated, and a container uses it; it stays")


def _proxies() -> dict[str, str]:
    return {name: os.environ[name] for name in _PROXIES if name in os.environ}
