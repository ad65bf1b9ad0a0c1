"""Compilers in the cache: which one is in use, and what is said of a damaged one."""

from pathlib import Path

import pytest

from engine import RuntimeUnavailableError
from engine.cli._facts import compilers_fact
from runtimes.wasm._toolchain import (
    Toolchain,
    find_toolchain,
    found_or_none,
    toolchain_folder,
    toolchain_hash,
    use,
    write_manifest,
)


def add(cache: Path, version: str) -> Toolchain:
    toolchain = Toolchain(
        name="c", hash=toolchain_hash(version), version=version, target="wasm32-wasi", bytes=1
    )
    folder = toolchain_folder(cache, "c") / toolchain.hash
    folder.mkdir(parents=True)
    write_manifest(folder, toolchain)
    return toolchain


def test_none_is_in_use_at_first(tmp_path: Path) -> None:
    add(tmp_path, "1")

    assert find_toolchain(tmp_path, "c") is None


def test_one_that_was_put_to_use_is_found_and_replaced_by_the_next(tmp_path: Path) -> None:
    first, second = add(tmp_path, "1"), add(tmp_path, "2")

    use(tmp_path, first)
    assert find_toolchain(tmp_path, "c") == first
    use(tmp_path, second)
    assert find_toolchain(tmp_path, "c") == second


@pytest.mark.parametrize("text", ["", "{}", '{"name": "c"'])
def test_damaged_one_is_told_with_the_fix(text: str, tmp_path: Path) -> None:
    toolchain = add(tmp_path, "1")
    use(tmp_path, toolchain)
    (toolchain_folder(tmp_path, "c") / toolchain.hash / "manifest.json").write_text(text)

    with pytest.raises(RuntimeUnavailableError, match="damaged") as caught:
        find_toolchain(tmp_path, "c")
    assert caught.value.hint == "run `isorun setup --wasm c`"
    assert found_or_none(tmp_path, "c") is None


def test_doctor_says_which_there_are_and_how_to_get_the_others(tmp_path: Path) -> None:
    before = compilers_fact(tmp_path)
    use(tmp_path, add(tmp_path, "0.1"))
    after = compilers_fact(tmp_path)

    assert (before.ok, before.detail) == (False, "none")
    assert "C and C++: `isorun setup --wasm c`" in before.fix
    assert (after.ok, after.detail) == (True, "C and C++ (0.1, wasm32-wasi)")
    assert after.fix.startswith("Rust: ")
    assert "wasm32-wasip1" in after.fix


def test_doctor_tells_of_a_damaged_one(tmp_path: Path) -> None:
    toolchain = add(tmp_path, "1")
    use(tmp_path, toolchain)
    (toolchain_folder(tmp_path, "c") / toolchain.hash / "manifest.json").unlink()

    fact = compilers_fact(tmp_path)

    assert not fact.ok
    assert "is damaged; run `isorun setup --wasm c`" in fact.fix
