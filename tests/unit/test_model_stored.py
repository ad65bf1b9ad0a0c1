"""Where a model is, and how much of it."""

import os
from pathlib import Path

import pytest

from agent import ModelError
from agent.models._catalog import CATALOG, DEFAULT_MODEL, CatalogModel, model_path
from agent.models._stored import State, find_model, list_models, note_path, part_path, remove_model, stored

MODEL = CATALOG["smollm2-135m"]


def make(path: Path, size: int) -> Path:
    """Write a file of a size that takes no space."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.truncate(path, size)
    return path


@pytest.fixture
def pulled(tmp_path: Path) -> Path:
    """Something that looks like a pulled model."""
    path = make(model_path(tmp_path, MODEL), MODEL.bytes)
    note_path(path).write_text(f"{MODEL.sha256}  {MODEL.file}\n")
    return path


@pytest.mark.parametrize("model", CATALOG.values(), ids=lambda model: model.name)
def test_parts_of_a_model_in_the_catalogue_add_up(model: CatalogModel) -> None:
    sizes = [model.part_bytes(number) for number in range(1, model.part_count + 1)]

    assert sum(sizes) == model.bytes
    assert min(sizes) > 0


def test_number_of_packages_is_that_of_the_index() -> None:
    assert [model.part_count for model in CATALOG.values()] == [22, 6, 1]


def test_default_is_in_the_catalogue() -> None:
    assert DEFAULT_MODEL in CATALOG


def test_path_of_a_file_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "own.gguf", 1)
    monkeypatch.chdir(tmp_path)

    assert find_model("own.gguf", tmp_path / "cache") == tmp_path / "own.gguf"


def test_path_in_the_home_folder_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "own.gguf", 1)
    monkeypatch.setenv("HOME", str(tmp_path))

    assert find_model("~/own.gguf", tmp_path / "cache") == tmp_path / "own.gguf"


def test_path_of_no_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no file `/nowhere/own\.gguf`"):
        find_model("/nowhere/own.gguf", tmp_path)


def test_pulled_model_is_found_by_name(tmp_path: Path, pulled: Path) -> None:
    assert find_model("smollm2-135m", tmp_path) == pulled


def test_missing_model_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="`smollm2-135m` is not here") as caught:
        find_model("smollm2-135m", tmp_path)

    assert caught.value.hint == "run `isorun model pull smollm2-135m`"


def test_interrupted_model_is_not_found(tmp_path: Path) -> None:
    make(part_path(model_path(tmp_path, MODEL)), 5)

    with pytest.raises(ModelError, match="has not arrived completely"):
        find_model("smollm2-135m", tmp_path)


def test_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model `gpt`") as caught:
        find_model("gpt", tmp_path)

    assert all(f"`{name}`" in caught.value.hint for name in CATALOG)


@pytest.mark.parametrize(
    ("size", "part", "state", "arrived"),
    [
        (None, None, "missing", 0),
        (None, 0, "missing", 0),
        (None, 5, "partial", 5),
        (7, None, "partial", 7),
        (MODEL.bytes - 1, None, "partial", MODEL.bytes - 1),
        (MODEL.bytes, None, "unchecked", MODEL.bytes),
    ],
)
def test_state_follows_from_sizes(
    tmp_path: Path, size: int | None, part: int | None, state: State, arrived: int
) -> None:
    path = model_path(tmp_path, MODEL)
    if size is not None:
        make(path, size)
    if part is not None:
        make(part_path(path), part)

    found = stored(tmp_path, MODEL)

    assert (found.state, found.bytes) == (state, arrived)


def test_listing_has_every_model(tmp_path: Path, pulled: Path) -> None:
    states = {entry.model.name: entry.state for entry in list_models(tmp_path)}

    assert states.keys() == CATALOG.keys()
    assert states["smollm2-135m"] == "ready"
    assert states[DEFAULT_MODEL] == "missing"


@pytest.mark.parametrize("note", [b"", b"\xff" * 100, b"x" * 100_000])
def test_note_that_is_no_note_is_not_believed(tmp_path: Path, pulled: Path, note: bytes) -> None:
    note_path(pulled).write_bytes(note)

    assert stored(tmp_path, MODEL).state == "unchecked"


def test_removing_deletes_the_model_and_what_belongs_to_it(tmp_path: Path, pulled: Path) -> None:
    make(part_path(pulled), 5)

    freed = remove_model("smollm2-135m", tmp_path)

    assert freed == MODEL.bytes + 5
    assert list(pulled.parent.iterdir()) == []


def test_removing_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not here"):
        remove_model("smollm2-135m", tmp_path)


def test_removing_what_cannot_be_deleted_is_an_error(tmp_path: Path) -> None:
    model_path(tmp_path, MODEL).mkdir(parents=True)

    with pytest.raises(ModelError, match="cannot be deleted"):
        remove_model("smollm2-135m", tmp_path)
