from argparse import ArgumentTypeError

import pytest

from engine.cli._values import mebibytes, seconds, whole


@pytest.mark.parametrize(
    ("text", "value"),
    [("512", 512), ("512M", 512), ("512m", 512), ("512MiB", 512), ("2G", 2048), ("2GB", 2048), ("-5", -5)],
)
def test_memory_is_read_in_mebibytes(text: str, value: int) -> None:
    assert mebibytes(text) == value


@pytest.mark.parametrize("text", ["", "M", "1.5G", "1T", "512 M", "1e3", "9999999999", "٣", "512M\n"])
def test_odd_memory_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError):
        mebibytes(text)


@pytest.mark.parametrize(("text", "value"), [("2", 2.0), ("0.5", 0.5), ("-1", -1.0)])
def test_seconds_are_read(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "soon", "nan", "inf", "-inf", "2s"])
def test_odd_seconds_are_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError):
        seconds(text)


@pytest.mark.parametrize(("text", "value"), [("-1", -1), ("007", 7), ("64", 64)])
def test_whole_number_in_the_range_is_read(text: str, value: int) -> None:
    assert whole(-1, 64)(text) == value


@pytest.mark.parametrize("text", ["", "-2", "65", "1.0", "1e1", "+1", "1_0", "٣", "1\n", "9" * 5000])
def test_other_number_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="from -1 to 64"):
        whole(-1, 64)(text)
