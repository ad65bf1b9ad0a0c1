"""Parsers of option values."""

import math
import re
from argparse import ArgumentTypeError


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
