"""Hostile input: valid bytes with something changed, cut anywhere; and the form of what is fuzzed with it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

#: Numbers at which lengths, signs and widths change.
_EDGES = [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF]
_WIDTHS = [1, 2, 4, 8]


class Target(NamedTuple):
    """One part that takes bytes or data from strangers, and what has to hold whatever they are.

    Attributes:
        name: For people.
        check: Raises what it finds wrong.
        given: Its arguments.
        examples: Of the short form, which takes about half a second.
    """

    name: str
    check: Callable[..., None]
    given: Mapping[str, st.SearchStrategy[Any]]
    examples: int

    def short(self) -> Callable[[], None]:
        """Return the form for every day: few examples, the same ones each time."""
        return self._with(settings(_COMMON, max_examples=self.examples, derandomize=True))

    def long(self, examples: int, number: int) -> Callable[[], None]:
        """Return a form with other examples for each number."""
        return seed(number)(self._with(settings(_COMMON, max_examples=examples, print_blob=True)))

    def _with(self, chosen: settings) -> Callable[[], None]:
        test: Callable[[], None] = chosen(given(**self.given)(self.check))
        return test


_COMMON = settings(
    database=None,
    deadline=None,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much),
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
)


class _Edit(NamedTuple):
    """A change of bytes: what stands at a place is replaced, dropped, or doubled."""

    kind: str
    at: int
    length: int
    data: bytes


_FILLINGS = st.one_of(
    st.binary(max_size=12),
    st.builds(
        lambda number, width: (number % (1 << 8 * width)).to_bytes(width, "big"),
        st.sampled_from(_EDGES),
        st.sampled_from(_WIDTHS),
    ),
)
_EDITS = st.lists(
    st.builds(
        _Edit,
        st.sampled_from(["replace", "insert", "drop", "double", "cut"]),
        st.integers(0, 4096),
        st.integers(0, 64),
        _FILLINGS,
    ),
    max_size=4,
)


def changed(valid: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Return valid bytes, most of them with some changes."""
    return st.builds(_edited, valid, _EDITS)


def _edited(data: bytes, edits: Sequence[_Edit]) -> bytes:
    for edit in edits:
        at = edit.at % (len(data) + 1)
        before, behind = data[:at], data[at:]
        match edit.kind:
            case "replace":
                data = before + edit.data + behind[len(edit.data) :]
            case "insert":
                data = before + edit.data + behind
            case "drop":
                data = before + behind[edit.length :]
            case "double":
                data = before + behind[: edit.length] + behind
            case _:
                data = before
    return data


#: How a stream is cut: sizes of pieces, in turn.
CUTS = st.lists(st.integers(1, 700), max_size=8)


def pieces(data: bytes, cuts: Sequence[int]) -> Iterator[bytes]:
    """Yield the parts of a stream; without cuts all of it at once."""
    at, turn = 0, 0
    while at < len(data):
        size = cuts[turn % len(cuts)] if cuts else len(data)
        yield data[at : at + size]
        at, turn = at + size, turn + 1
