"""What a text is known by: its words and pairs of neighbours, without the numbers."""

import re
from itertools import pairwise

from agent._words import stem

_NUMBER = re.compile(r"[-+]?\d[\d.,:]*")
_PART = re.compile(r"[a-z]+|[\u2192\u00ac\u2228]|->")
#: What follows further on are data, and data say little.
_MAX_CHARACTERS = 8_000


def features(text: str) -> set[str]:
    """Return the words of a text by their stems, some signs, and each with the one that follows it."""
    words = [stem(part) for part in _PART.findall(_NUMBER.sub(" ", text[:_MAX_CHARACTERS].casefold()))]
    return {*words, *(f"{first} {second}" for first, second in pairwise(words))}
