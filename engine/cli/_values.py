"""Parsers of option values."""

import math
import re
from argparse import ArgumentTypeError
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


def budget(text: str) -> "Budget":
    """Parse `--budget`: seconds, or a list such as `seconds=60,tokens=2000,programs=4`.

    Raises:
        ArgumentTypeError: It is neither, or a number is not above 0.
    """
    from agent import Budget  # late: most commands have no budget

    numbers: dict[str, float] = {}
    for part in text.split(","):
        name, equals, number = part.partition("=")
        if not equals:
            name, number = "seconds", part
        numbers[name.strip()] = seconds(number.strip())
    names = ("seconds", "tokens", "programs")
    if set(numbers) - set(names) or any(number <= 0 for number in numbers.values()):
        raise ArgumentTypeError(f"`{text}` is no budget, such as `60` or `seconds=60,tokens=2000,programs=4`")
    whole = {name: int(number) for name, number in numbers.items() if name != "seconds"}
    return Budget(**{**numbers, **whole})
