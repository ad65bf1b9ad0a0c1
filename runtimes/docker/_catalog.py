"""The images that isorun makes: what is in each, and the name that says from which recipe it was made."""

import hashlib
from functools import cache
from pathlib import Path

import msgspec

from engine._exceptions import ConfigError

#: All images of ours begin with it; nothing else is ever listed or removed.
REPOSITORY = "isorun"
#: Labels of all images of ours.
IMAGE_LABEL = "isorun.image"
RECIPE_LABEL = "isorun.recipe"
#: The image that the others are made from.
BASE = "base"
_FOLDER = Path(__file__).resolve().parent / "images"
_RECIPE_DIGITS = 12


class Image(msgspec.Struct, frozen=True):
    """An image that `isorun setup --image NAME` makes.

    Attributes:
        name: What users call it.
        languages: That have their interpreter or compiler in it.
        summary: What is in it, for lists.
    """

    name: str
    languages: tuple[str, ...]
    summary: str


IMAGES: dict[str, Image] = {
    image.name: image
    for image in (
        Image(BASE, ("bash", "sh", "perl"), "Debian with Bash and Perl"),
        Image("python", ("python",), "Debian's Python"),
        Image("node", ("javascript", "node"), "Node.js"),
        Image("r", ("r",), "R with its base packages"),
        Image("java", ("java",), "a JDK without a desktop"),
        Image("go", ("go",), "Go and its standard library"),
        Image("ruby", ("ruby",), "Ruby with its standard library"),
    )
}

#: What an image may be called as well: its languages, and their usual short names.
ALIASES: dict[str, str] = {
    **{language: image.name for image in IMAGES.values() for language in image.languages},
    "js": "node",
    "py": "python",
    "golang": "go",
    "rb": "ruby",
}


def image_named(name: str) -> Image:
    """Return the image of this name or alias, in any case of letters.

    Raises:
        ConfigError: There is none.
    """
    lower = name.lower()
    found = IMAGES.get(ALIASES.get(lower, lower))
    if found is None:
        raise ConfigError(
            f"there is no image `{name}`",
            hint=f"there are {', '.join(IMAGES)}; an image of your own is named in the policy",
        )
    return found


def reference(name: str) -> str:
    """Return the tag under which the daemon has the image `name`: `isorun/NAME:RECIPE`."""
    return f"{REPOSITORY}/{name}:{recipe(name)}"


@cache
def recipe(name: str) -> str:
    """Return a short hash of all that the image is made from as far as it stands in our files.

    It changes with the image's own folder and with that of the base, which has the pinned origin in it. What
    the distribution's mirror gives on the day of the build is not part of it.
    """
    digest = hashlib.sha256()
    for folder in dict.fromkeys((BASE, name)):
        for file in sorted(context_of(folder).iterdir()):
            content = file.read_bytes()
            digest.update(f"{folder}/{file.name} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()[:_RECIPE_DIGITS]


def labels(name: str) -> dict[str, str]:
    """Return the labels by which an image is known to be ours, and its recipe."""
    return {IMAGE_LABEL: name, RECIPE_LABEL: recipe(name)}


def context_of(name: str) -> Path:
    """Return the folder that an image is built from."""
    return _FOLDER / name
