"""The public names: all there, sorted, and imported only when used."""

import subprocess
import sys

import pytest

import agent
import engine
import policies


@pytest.mark.parametrize("name", engine.__all__)
def test_public_name_resolves(name: str) -> None:
    assert getattr(engine, name) is not None


def test_every_listed_name_has_a_home_and_the_other_way_round() -> None:
    assert sorted(engine._MODULE_OF) == sorted(engine.__all__)


@pytest.mark.parametrize("package", [engine, policies, agent])
def test_all_is_sorted_without_doubles(package: object) -> None:
    names: list[str] = package.__all__  # type: ignore[attr-defined]

    assert names == sorted(set(names), key=lambda name: (name[0].islower(), name))


def test_all_exceptions_are_public() -> None:
    from engine import _exceptions

    errors = {name for name, value in vars(_exceptions).items() if isinstance(value, type)}

    assert errors <= set(engine.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Engin'"):
        engine.Engin  # type: ignore[attr-defined]  # noqa: B018


def test_names_are_listed_by_dir() -> None:
    assert set(engine.__all__) <= set(dir(engine))


@pytest.mark.slow
def test_importing_the_package_costs_nothing_heavy() -> None:
    code = (
        "import sys; before = set(sys.modules); import engine; "
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}; "
        "print(sorted(new & {'msgspec', 'anyio', 'policies', 'asyncio'}))"
    )
    # A child without -I, because the repository is found by the working folder.
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
