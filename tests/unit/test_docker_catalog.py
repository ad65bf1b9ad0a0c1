"""Which images there are, and what their tags say."""

import re
from pathlib import Path

import pytest

from engine import ConfigError
from runtimes.docker import _catalog
from runtimes.docker._catalog import IMAGES, image_named, labels, recipe, reference


@pytest.mark.parametrize("name", IMAGES)
def test_reference_names_image_and_recipe(name: str) -> None:
    assert re.fullmatch(rf"isorun/{name}:[0-9a-f]{{12}}", reference(name))
    assert labels(name) == {"isorun.image": name, "isorun.recipe": recipe(name)}


def test_no_language_is_in_two_images() -> None:
    languages = [language for image in IMAGES.values() for language in image.languages]

    assert len(languages) == len(set(languages))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("python", "python"),
        ("sh", "base"),
        ("bash", "base"),
        ("perl", "base"),
        ("js", "node"),
        ("javascript", "node"),
        ("R", "r"),
        ("golang", "go"),
    ],
)
def test_languages_name_their_image(said: str, meant: str) -> None:
    assert image_named(said).name == meant


def test_unknown_image_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="cobol") as caught:
        image_named("cobol")

    assert all(name in caught.value.hint for name in IMAGES)


def test_recipe_changes_with_the_files_of_the_image_and_of_the_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def folder(name: str) -> Path:
        return tmp_path / name

    def recipe_with(base: str, python: str) -> str:
        for name, text in (("base", base), ("python", python), ("node", "other")):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "Dockerfile").write_text(text)
        return recipe.__wrapped__("python")

    monkeypatch.setattr(_catalog, "context_of", folder)

    assert recipe_with("FROM x", "FROM base") == recipe_with("FROM x", "FROM base")
    assert len({recipe_with("FROM x", "a"), recipe_with("FROM y", "a"), recipe_with("FROM x", "b")}) == 3


@pytest.mark.parametrize("name", IMAGES)
def test_image_is_made_from_a_pinned_origin(name: str) -> None:
    text = _catalog.context_of(name).joinpath("Dockerfile").read_text("utf-8")

    if name == "base":
        assert re.search(r"^ARG ORIGIN=\S+@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    else:
        assert "\nARG BASE\nFROM ${BASE}\n" in text
