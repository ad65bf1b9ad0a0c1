from argparse import ArgumentTypeError

import pytest

from engine.cli._values import mebibytes, seconds


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
