"""What is said while something goes on, and whether there is memory for what has come."""

import threading
from pathlib import Path

import pytest

from agent import ModelError
from agent.models._memory import available_bytes, check_memory, needed_bytes
from agent.models._progress import Meter, ticking


class Clock:
    """A clock that is moved by hand."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "own.gguf"
    path.write_bytes(bytes(1000))
    return path


def test_meter_speaks_once_a_second() -> None:
    clock, told = Clock(), list[str]()
    meter = Meter(4 << 20, told.append, clock=clock)

    for _ in range(4):
        clock.seconds += 0.5
        meter.advance(1 << 20)

    assert told == ["2 of 4 MiB (50 %), 2.0 MiB/s", "4 of 4 MiB (100 %), 2.0 MiB/s"]


def test_meter_is_silent_for_just_less_than_a_second() -> None:
    clock, told = Clock(), list[str]()
    meter = Meter(4 << 20, told.append, clock=clock)

    clock.seconds = 0.99
    meter.advance(1 << 20)

    assert told == []


def test_rate_does_not_count_what_was_there_before() -> None:
    clock, told = Clock(), list[str]()
    meter = Meter(4 << 20, told.append, clock=clock)
    meter.begin(2 << 20)

    clock.seconds = 2.0
    meter.advance(1 << 20)

    assert told == ["3 of 4 MiB (75 %), 0.5 MiB/s"]


def test_ticking_speaks_until_the_block_ends() -> None:
    told: list[str] = []
    twice = threading.Event()

    def say(line: str) -> None:
        told.append(line)
        if len(told) == 2:
            twice.set()

    with ticking(say, "building", seconds=0.001):
        assert twice.wait(10)
    count = len(told)

    assert told[0] == "building: 0 s so far"
    assert "ticking" not in [thread.name for thread in threading.enumerate()]
    assert len(told) == count


def test_ticking_ends_with_a_failing_block() -> None:
    with pytest.raises(ValueError, match="x"), ticking(lambda line: None, "building"):
        raise ValueError("x")

    assert "ticking" not in [thread.name for thread in threading.enumerate()]


def test_weights_need_as_much_as_the_file(model: Path) -> None:
    assert needed_bytes(model) == 1000


def test_memory_that_just_suffices_is_enough(model: Path) -> None:
    check_memory(model, 500, available=lambda: 1500)


def test_one_byte_of_memory_too_few_is_refused(model: Path) -> None:
    with pytest.raises(ModelError, match=r"`own\.gguf` needs 0 MiB of memory") as caught:
        check_memory(model, 500, available=lambda: 1499)

    assert "smaller model" in caught.value.hint
    assert "context" in caught.value.hint


def test_memory_that_is_not_known_is_not_judged(model: Path) -> None:
    check_memory(model, 2**60, available=lambda: None)


def test_memory_of_this_machine_is_known() -> None:
    found = available_bytes()

    assert found is not None
    assert found > 2**20


def test_model_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        check_memory(tmp_path / "none.gguf", 0)
