from pathlib import Path

import pytest

from engine import ConfigError
from runtimes.environments import add_environment
from runtimes.environments._catalog import built_in
from runtimes.environments._declare import (
    COMMON_MODULES,
    MAX_NAME_CHARACTERS,
    MAX_NAMES,
    check_offered,
    declared,
)
from runtimes.environments._manifest import Recipe


def recipe(*preload: str) -> Recipe:
    return Recipe(name="mine", source="wheels", preload=preload)


@pytest.mark.parametrize(
    "name", ["numpy", "scipy.stats", "a.b.c", "_private", "__future__", "match", "größe"]
)
def test_module_name_is_accepted(name: str) -> None:
    assert declared([name]) == (*COMMON_MODULES, name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        ".relative",
        "trailing.",
        "two..dots",
        "1st",
        "my-package",
        "a b",
        " a",
        "a\n",
        "a\0",
        "a/b",
        "a,b",
        "\udcff",
        "class",
        "scipy.lambda",
        "None",
    ],
)
def test_what_import_would_not_take_is_refused_with_advice(name: str) -> None:
    with pytest.raises(ConfigError, match="not the name of a module") as caught:
        declared(["json", name])

    assert "`scipy.stats`" in caught.value.hint


def test_longest_name_is_accepted() -> None:
    name = "x" * MAX_NAME_CHARACTERS

    assert declared([name])[-1] == name


def test_longer_name_is_refused_without_repeating_all_of_it() -> None:
    with pytest.raises(ConfigError, match="longer than 200 characters") as caught:
        declared(["x" * (MAX_NAME_CHARACTERS + 1)])

    assert len(str(caught.value)) < MAX_NAME_CHARACTERS


def test_as_many_names_as_allowed_are_accepted() -> None:
    names = [f"module{number}" for number in range(MAX_NAMES)]

    assert declared(names) == (*COMMON_MODULES, *names)


def test_one_name_more_is_refused() -> None:
    with pytest.raises(ConfigError, match="65 modules to preload are more than 64") as caught:
        declared([f"module{number}" for number in range(MAX_NAMES + 1)])

    assert caught.value.hint


def test_names_keep_their_order_and_come_once() -> None:
    assert declared(["zlib", "numpy", "json", "abc", "numpy"]) == (*COMMON_MODULES, "zlib", "numpy", "abc")


def test_bad_name_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not the name of a module"):
        add_environment(tmp_path / "cache", "mine", print, wheels=tmp_path, preload=["a-b"])

    assert not (tmp_path / "cache").exists()


def test_submodule_needs_its_top_level_package_alone(tmp_path: Path) -> None:
    check_offered(recipe("json", "scipy.stats"), {"json", "scipy"}, tmp_path)


def test_folder_counts_as_a_namespace(tmp_path: Path) -> None:
    (tmp_path / "vendor").mkdir()

    check_offered(recipe("vendor.cloud.storage"), {"json"}, tmp_path)


def test_file_is_no_namespace(tmp_path: Path) -> None:
    (tmp_path / "vendor").touch()

    with pytest.raises(ConfigError, match="`vendor` is not in environment `mine`"):
        check_offered(recipe("vendor"), {"json"}, tmp_path)


def test_all_that_is_missing_is_named_with_the_command_to_repeat(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"`foo`, `bar\.baz` are not in environment `mine`") as caught:
        check_offered(recipe("foo", "json", "bar.baz"), {"json"}, tmp_path)

    assert "isorun env add mine" in caught.value.hint


@pytest.mark.parametrize("name", ["base", "data"])
def test_built_in_environment_begins_with_the_same_modules_as_a_users(name: str) -> None:
    builtin = built_in(name)

    assert builtin is not None
    assert declared(builtin.preload) == builtin.preload
