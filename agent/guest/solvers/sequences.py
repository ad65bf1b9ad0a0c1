"""Longest common parts of sequences, and how far words are apart."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from ._answer import Answer, Number, answered
from ._read import flag, numbers, plain


def longest_common_subsequence(first: object, second: object) -> Answer:
    """Length of the longest common subsequence of two texts or lists; gaps are allowed.

    Exact; thousands of entries. `.solution` is one of the longest.

    >>> longest_common_subsequence("kitchen", "itching")
    5
    """
    one, other = _sequence(first), _sequence(second)
    lengths = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, item in enumerate(one):
        for j, against in enumerate(other):
            longer = max(lengths[i][j + 1], lengths[i + 1][j])
            lengths[i + 1][j + 1] = lengths[i][j] + 1 if item == against else longer
    places: list[tuple[int, int]] = []
    i, j = len(one), len(other)
    while i and j:
        if one[i - 1] == other[j - 1]:
            i, j = i - 1, j - 1
            places.append((i, j))
        elif lengths[i - 1][j] >= lengths[i][j - 1]:
            i -= 1
        else:
            j -= 1
    common = [one[place] for place, _ in places[::-1]]
    arguments: dict[str, object] = {"first": one, "second": other}
    shown = "".join(map(str, common)) if isinstance(first, str) else common
    return answered("longest_common_subsequence", arguments, len(common), places[::-1], shown=shown)


def longest_increasing_subsequence(values: object, strict: bool = True) -> Answer:
    """Length of the longest increasing subsequence; strict=False allows equal neighbours.

    Exact; a million values. `.solution` is one of the longest.

    >>> longest_increasing_subsequence([3, 1, 4, 1, 5, 9, 2, 6])
    4
    """
    strict = flag(strict, "strict")
    given = numbers(values, "values")
    tails: list[Number] = []
    at: list[int] = []
    before: list[int] = []
    for index, value in enumerate(given):
        place = bisect_left(tails, value) if strict else bisect_right(tails, value)
        before.append(at[place - 1] if place else -1)
        tails[place:] = [value, *tails[place + 1 :]]
        at[place:] = [index, *at[place + 1 :]]
    chosen: list[int] = []
    index = at[-1] if at else -1
    while index >= 0:
        chosen.append(index)
        index = before[index]
    arguments: dict[str, object] = {"values": given, "strict": bool(strict)}
    shown = [given[index] for index in chosen[::-1]]
    return answered("longest_increasing_subsequence", arguments, len(chosen), chosen[::-1], shown=shown)


def edit_distance(first: object, second: object) -> Answer:
    """Fewest insertions, deletions and replacements that turn one text or list into the other.

    Exact; thousands of entries.

    >>> edit_distance("kitten", "sitting")
    3
    """
    one, other = _sequence(first), _sequence(second)
    row = list(range(len(other) + 1))
    for i, item in enumerate(one, 1):
        diagonal, row[0] = row[0], i
        for j, against in enumerate(other, 1):
            change = diagonal + (item != against)
            diagonal, row[j] = row[j], min(change, row[j] + 1, row[j - 1] + 1)
    return answered("edit_distance", {"first": one, "second": other}, row[-1], None)


def _sequence(value: object) -> list[object]:
    value = plain(value)
    if not isinstance(value, Sequence):
        raise ValueError(f'a sequence must look like "abc" or [1, 2, 3], not {value!r}')
    return list(value)
