import re
from importlib.resources import files

import pytest

from engine import ConfigError
from runtimes.environments import DATA_MODULES, checked_name


@pytest.mark.parametrize("name", ["a", "base", "my-env-2", "x" * 32])
def test_proper_name_is_accepted(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "x" * 33, "A", "-a", "1a", "a_b", "..", "a/b", "a\n", "a\0", ".hidden", "é", "a b"]
)
def test_name_that_could_not_be_a_plain_folder_is_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        checked_name(name)


@pytest.mark.parametrize("name", ["base", "data", "none", "current"])
def test_reserved_name_is_refused_for_a_new_environment(name: str) -> None:
    with pytest.raises(ConfigError, match="reserved"):
        checked_name(name, new=True)


def test_lock_pins_every_package_with_hashes_and_names_no_index() -> None:
    lock = files("runtimes.environments").joinpath("data.txt").read_text()

    lines = [line for line in lock.splitlines() if line and not line.lstrip().startswith("#")]
    pins = [line for line in lines if not line.startswith(" ")]
    assert all(re.fullmatch(r"[a-z0-9.-]+==[^ ]+( ; [^\\]+)? \\", pin) for pin in pins)
    assert all(
        re.fullmatch(r" {4}--hash=sha256:[0-9a-f]{64}( \\)?", line) for line in lines if line not in pins
    )


def test_lock_holds_what_is_asked_for() -> None:
    folder = files("runtimes.environments")
    wanted = re.findall(r"^([a-z-]+)", folder.joinpath("data.in").read_text(), re.MULTILINE)

    pinned = re.findall(r"^([a-z0-9.-]+)==", folder.joinpath("data.txt").read_text(), re.MULTILINE)
    assert set(wanted) <= set(pinned)
    assert len(wanted) == len(DATA_MODULES)
