"""Reading graphs: edges as pairs, as text such as `"P0-P1"`, as dicts, with or without numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ._answer import Number
from ._read import Label, integer, label, number, plain

_BETWEEN = re.compile(r"\s*(?:->|=>|→|\u2013|\u2014|-|,|\band\b|\bto\b)\s*|\s+")
_ITEM = re.compile(
    r"([^\s,;:()\[\]]+?)\s*(?:->|→|\u2013|\u2014|-)\s*([^\s,;:()\[\]]+)\s*(?::?\s*((?:-?\d+(?:\.\d+)?[,\s]*)*))"
)

type Row = tuple[Label, Label, tuple[Number, ...]]


def pairs(edges: object, name: str = "edges") -> list[tuple[Label, Label]]:
    """Return edges without their numbers."""
    return [(first, second) for first, second, _ in rows(edges, name)]


def weighted(edges: object, count: int, example: str, name: str = "edges") -> list[Row]:
    """Return edges with exactly `count` numbers each."""
    found = rows(edges, name)
    for first, second, values in found:
        if len(values) != count:
            raise ValueError(f"{name} must look like {example}; {first}-{second} has {len(values)} numbers")
    return found


def rows(edges: object, name: str = "edges") -> list[Row]:
    """Return edges with their numbers, from any of the forms.

    Pairs and longer rows, `((a, b), w)`, `("a-b", w)`, sets of two, `{(a, b): w}`, `{"a-b": w}`,
    `{a: [b, c]}`, `{a: {b: w}}`, and a text such as `"a-b: 3, b-c: 4"`.
    """
    edges = plain(edges)
    if isinstance(edges, str):
        return [_text_row(match) for match in _ITEM.finditer(edges)]
    if isinstance(edges, Mapping):
        return [row for key, value in edges.items() for row in _of_entry(key, plain(value), name)]
    if not isinstance(edges, Iterable):
        raise ValueError(f'{name} must look like [("A", "B"), ("B", "C")], not {edges!r}')
    return [_row(plain(edge), name) for edge in edges]


def indexed(
    edges: Sequence[tuple[Label, Label]], vertices: object = None
) -> tuple[list[Label], list[tuple[int, int]]]:
    """Return all vertices and the edges as indexes of them, each edge once and without loops.

    Args:
        edges: By name.
        vertices: Names of all, or how many there are; None means those with edges.
    """
    seen = list(dict.fromkeys(end for edge in edges for end in edge))
    everything = _all_vertices(seen, plain(vertices))
    place = {vertex: index for index, vertex in enumerate(everything)}
    found = {(min(place[a], place[b]), max(place[a], place[b])) for a, b in edges if a != b}
    return everything, sorted(found)


def graph(edges: object, vertices: object) -> tuple[list[Label], list[tuple[int, int]]]:
    """Return vertices and edges as `indexed`, also if the two were passed the other way round."""
    edges, vertices = plain(edges), plain(vertices)
    if isinstance(edges, int) and vertices is None:
        raise ValueError(f"edges must look like [(0, 1), (1, 2)], not {edges!r}")
    if vertices is not None and _has_no_pairs(edges):
        edges, vertices = vertices, edges
    return indexed(pairs(edges if edges is not None else []), vertices)


def _has_no_pairs(edges: object) -> bool:
    if isinstance(edges, int) or (isinstance(edges, str) and edges.strip().isdigit()):
        return True
    try:
        pairs(edges)
    except ValueError:
        return True
    return False


def _all_vertices(seen: list[Label], vertices: object) -> list[Label]:
    if vertices is None:
        return sorted(seen, key=_natural)
    if isinstance(vertices, Iterable) and not isinstance(vertices, str):
        given = [label(vertex) for vertex in vertices]
        return list(dict.fromkeys([*given, *seen]))
    count = integer(vertices, "vertices", "12")
    if count < len(seen):
        raise ValueError(f"vertices is {count}, but the edges name {len(seen)}: {seen[:20]}")
    return _filled(seen, count)


def _filled(seen: list[Label], count: int) -> list[Label]:
    """Invent the names of vertices that no edge has, in the manner of the others."""
    parts = [part for vertex in seen if (part := re.fullmatch(r"(.*?)(\d+)", str(vertex)))]
    prefixes = {part.group(1) for part in parts} or {""}
    prefix = prefixes.pop() if len(prefixes) == 1 and len(parts) == len(seen) else "another "
    index = 0 if not parts or any(int(part.group(2)) == 0 for part in parts) else 1
    everything = list(seen)
    while len(everything) < count:
        name = label(f"{prefix}{index}")
        everything += [] if name in everything else [name]
        index += 1
    return sorted(everything, key=_natural)


def _natural(vertex: Label) -> tuple[str, int, str]:
    part = re.fullmatch(r"(.*?)(\d+)", str(vertex))
    return (part.group(1), int(part.group(2)), "") if part else (str(vertex), 0, str(vertex))


def _of_entry(key: object, value: object, name: str) -> list[Row]:
    if isinstance(key, tuple | frozenset) or (
        isinstance(key, str) and _is_edge_text(key) and _is_numeric(value)
    ):
        return [_row((key, value), name)]
    if isinstance(value, Mapping):
        return [(label(key), label(end), _values(weight)) for end, weight in value.items()]
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_row((key, *end) if isinstance(end, tuple | list) else (key, end), name) for end in value]
    raise ValueError(f"{name} must look like [(a, b, 3)] or {{a: {{b: 3}}}}, not {{{key!r}: {value!r}}}")


def _row(edge: object, name: str) -> Row:
    if isinstance(edge, str):
        match = _ITEM.fullmatch(edge.strip())
        if match is not None:
            return _text_row(match)
        parts = [part for part in _BETWEEN.split(edge.strip()) if part]
        edge = tuple(parts) if len(parts) > 1 else edge
    if isinstance(edge, set | frozenset):
        edge = tuple(edge)
    if isinstance(edge, Mapping):
        edge = tuple(edge.values())
    if isinstance(edge, str) or not isinstance(edge, Sequence) or len(edge) < 2:
        raise ValueError(f'{name} must be pairs such as ("A", "B"), not {edge!r}')
    head = edge[0]
    if isinstance(head, tuple | list | frozenset) and len(head) == 2:
        first, second = head
        return label(first), label(second), _values(edge[1:])
    if isinstance(head, str) and _is_edge_text(head) and _is_numeric(edge[1]):
        first, second, _ = _row(head, name)
        return first, second, _values(edge[1:])
    return label(head), label(edge[1]), _values(edge[2:])


def _is_edge_text(text: str) -> bool:
    return len([part for part in _BETWEEN.split(text.strip()) if part]) == 2


def _is_numeric(value: object) -> bool:
    if isinstance(value, tuple | list):
        return all(isinstance(item, int | float) for item in value)
    return isinstance(value, int | float | Mapping)


def _text_row(match: re.Match[str]) -> Row:
    values = re.findall(r"-?\d+(?:\.\d+)?", match.group(3) or "")
    return label(match.group(1)), label(match.group(2)), tuple(number(value, "edges") for value in values)


def _values(value: object) -> tuple[Number, ...]:
    value = plain(value)
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(found for item in value for found in _values(item))
    return () if value is None else (number(value, "edges", "(a, b, 3)"),)
