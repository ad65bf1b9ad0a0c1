from pathlib import Path

import pytest

from engine import RuntimeUnavailableError
from runtimes.environments import Environment, choose


def environment(name: str, *modules: str, size: int = 0) -> Environment:
    return Environment(
        name=name,
        hash=name,
        root=Path("/root"),
        packages=None,
        python="/opt/python/bin/python3",
        version="3.12.1",
        modules=frozenset({"os", *modules}),
        env={},
        links={},
        preload=(),
        bytes=size,
    )


BASE = environment("base")
DATA = environment("data", "numpy", "pandas", size=500)
SMALL = environment("small", "yaml", size=10)
LARGE = environment("large", "yaml", "numpy", size=900)
ALL = [LARGE, SMALL, DATA, BASE]


@pytest.mark.parametrize(
    ("imports", "expected"),
    [
        (set(), "base"),
        ({"os"}, "base"),
        ({"numpy"}, "data"),
        ({"yaml"}, "small"),
        ({"yaml", "numpy"}, "large"),
    ],
)
def test_smallest_environment_with_all_modules_is_chosen(imports: set[str], expected: str) -> None:
    assert choose(ALL, frozenset(imports)).name == expected


def test_environment_with_most_modules_is_chosen_when_none_has_all() -> None:
    assert choose(ALL, frozenset({"numpy", "pandas", "torch"})).name == "data"


def test_base_is_chosen_when_nothing_has_any() -> None:
    assert choose(ALL, frozenset({"torch"})).name == "base"


def test_built_in_environment_wins_over_a_smaller_one_of_the_user() -> None:
    tiny = environment("tiny", "numpy", size=1)

    assert choose([tiny, DATA, BASE], frozenset({"numpy"})).name == "data"


def test_choosing_from_nothing_says_what_to_do() -> None:
    with pytest.raises(RuntimeUnavailableError) as caught:
        choose([], frozenset())

    assert "isorun setup" in caught.value.hint
