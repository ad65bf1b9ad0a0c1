"""Words as questions have them, brought to one form."""

import re
from functools import lru_cache

WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_ENDINGS = ("ies", "ing", "ed", "es", "s", "e", "y")


# Bounded: the words of questions come from anybody.
@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Cut endings, so that forms of one word meet; not correct English, only the same on both sides."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            cut = word[: -len(ending)]
            return cut[:-1] if len(cut) > 3 and cut[-1] == cut[-2] else cut
    return word
