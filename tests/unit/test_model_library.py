"""The library that runs models: found, unpacked from a kept wheel, or not to be had. No test compiles."""

import os
from pathlib import Path

import pytest

from agent import ModelError
from agent.models import _library
from agent.models._library import ensure_library, find_library, is_installed, library_folder
from agent.models._library_build import build_wheel, cmake_options
from tests.support.model_hub import make_wheel

pytestmark = pytest.mark.skipif(is_installed(), reason="llama_cpp is installed here")


@pytest.fixture(autouse=True)
def _no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No source of packages, and options of the build that are nobody's."""
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))
    monkeypatch.delenv("CMAKE_ARGS", raising=False)
    monkeypatch.delenv("CXX", raising=False)


def keep_wheel(cache: Path) -> Path:
    """Put a wheel where a build would have left one."""
    folder = cache / "wheels" / library_folder(cache).name
    folder.mkdir(parents=True)
    return make_wheel(folder, "llama_cpp_python", "0.3.36", {"llama_cpp/__init__.py": b"answer = 42\n"})


def silent(line: str) -> None:
    """Take progress and do nothing."""


def test_missing_library_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not here") as caught:
        find_library(tmp_path)

    assert "isorun model library" in caught.value.hint
    assert os.listdir(tmp_path) == []


def test_library_in_the_cache_is_found_and_not_made_anew(tmp_path: Path) -> None:
    folder = library_folder(tmp_path)
    (folder / "llama_cpp").mkdir(parents=True)

    assert find_library(tmp_path) == folder
    assert ensure_library(tmp_path, silent) == folder


def test_library_is_apart_for_other_options_of_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = library_folder(tmp_path)

    monkeypatch.setenv("CMAKE_ARGS", "-DGGML_CUDA=ON")

    assert library_folder(tmp_path) != plain
    assert library_folder(tmp_path).parent == plain.parent


def test_options_of_the_user_come_last_and_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMAKE_ARGS", " -DGGML_NATIVE=OFF -DGGML_CUDA=ON ")

    assert cmake_options()[-1] == "-DGGML_NATIVE=OFF -DGGML_CUDA=ON"


@pytest.mark.parametrize("value", ["", "  "])
def test_no_options_of_the_user_are_none(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    plain = cmake_options()

    monkeypatch.setenv("CMAKE_ARGS", value)

    assert cmake_options() == plain


@pytest.mark.slow
def test_library_is_unpacked_from_a_kept_wheel(tmp_path: Path) -> None:
    keep_wheel(tmp_path)

    folder = ensure_library(tmp_path, silent)

    assert folder == library_folder(tmp_path)
    assert (folder / "llama_cpp/__init__.py").read_text() == "answer = 42\n"
    assert sorted(os.listdir(folder.parent)) == sorted([folder.name, "lock"])


@pytest.mark.slow
def test_folder_without_the_library_is_replaced(tmp_path: Path) -> None:
    keep_wheel(tmp_path)
    broken = library_folder(tmp_path)
    (broken / "numpy").mkdir(parents=True)

    ensure_library(tmp_path, silent)

    assert (broken / "llama_cpp").is_dir()
    assert not (broken / "numpy").exists()


@pytest.mark.slow
def test_source_that_cannot_be_fetched_leaves_nothing(tmp_path: Path) -> None:
    told: list[str] = []

    with pytest.raises(ModelError, match=r"cannot be built: .*llama-cpp-python") as caught:
        ensure_library(tmp_path, told.append)

    assert "some minutes, once" in told[0]
    assert "package index" in caught.value.hint
    assert os.listdir(tmp_path / "model-library") == ["lock"]


def test_missing_compiler_is_said_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ModelError, match=r"no C\+\+ compiler: looked for `c\+\+`") as caught:
        build_wheel(tmp_path, silent)

    assert "apt install g++" in caught.value.hint
    assert os.listdir(tmp_path) == []


def test_missing_compiler_of_the_users_choice_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "icpx -fast")

    with pytest.raises(ModelError, match="looked for `icpx`"):
        build_wheel(tmp_path, silent)


def test_library_of_another_processor_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = library_folder(tmp_path)

    monkeypatch.setattr(_library, "_processor", lambda: "another")

    assert library_folder(tmp_path) != here
