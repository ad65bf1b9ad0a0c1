"""Parsers of option values."""

import math
import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent import Budget


def seconds(text: str) -> float:
    """Parse `--timeout`; the range is the policy's business.

    Raises:
        ArgumentTypeError: It is not a finite number.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ArgumentTypeError(f"`{text}` is not a number of seconds, such as `30` or `0.5`")
    return value


def mebibytes(text: str) -> int:
    """Parse `--memory`: MiB as `512` or `512M`, GiB as `2G`; the range is the policy's business.

    Raises:
        ArgumentTypeError: It is not such a size.
    """
    match = re.fullmatch(r"(-?[0-9]{1,9})([MG]?)(?:i?B)?", text, re.IGNORECASE | re.ASCII)
    if match is None:
        raise ArgumentTypeError(f"`{text}` is not a size in MiB, such as `512`, `512M` or `2G`")
    return int(match[1]) * (1024 if match[2].upper() == "G" else 1)


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return a parser of whole numbers in this range, both ends included."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,10}", text, re.ASCII) or not least <= int(text) <= most:
            raise ArgumentTypeError(f"`{text}` is not a whole number from {least} to {most}")
        return int(text)

    return parse


def budget(text: str) -> "Budget":
    """Parse `--budget`: seconds, or a list such as `seconds=60,tokens=2000,programs=4`.

    Raises:
        ArgumentTypeError: It is neither, names something twice, or a number is not above 0.
    """
    from agent import Budget  # late: most commands have no budget

    given: dict[str, str] = {}
    for part in text.split(","):
        name, equals, number = part.partition("=")
        name, number = (name.strip(), number.strip()) if equals else ("seconds", part.strip())
        if name not in Budget.__struct_fields__ or name in given:
            example = "such as `60` or `seconds=60,tokens=2000,programs=4`"
            raise ArgumentTypeError(f"`{text}` is no budget, {example}")
        given[name] = number
    usual = Budget()
    return Budget(
        programs=_amount(given["programs"]) if "programs" in given else usual.programs,
        tokens=_amount(given["tokens"]) if "tokens" in given else usual.tokens,
        seconds=_above_zero(given["seconds"]) if "seconds" in given else usual.seconds,
    )


def _amount(text: str) -> int:
    return whole(1, 10**9)(text)


def _above_zero(text: str) -> float:
    value = seconds(text)
    if value <= 0:
        raise ArgumentTypeError(f"`{text}` seconds are no time to answer in")
    return value
