"""What a table is for a program: lists with a name each, rows, links, points, sets."""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, compress
from keyword import iskeyword
from typing import NamedTuple

from ._entries import Entry, Token, Value, plain, shape_of, tokens_of, values_of

#: A model is shown no more characters of a value than that, or one entry.
_SHOWN = 110
#: Where words about a list stand.
_NEAR = 40
#: Titles of columns that only say which row it is.
_NUMBERING = re.compile(r"\A\W*\Z|\b(?:no|nr|id|number|index)\b|#", re.IGNORECASE)
#: More lines of one length are the rows of a table.
_FEW_LISTS = 3
_PART = re.compile(r"[,;]\s*(?:and\s+)?(?:then\s+)?|\s+(?:then|->|\u2192)\s+")
_COMMA = re.compile(r"\s*,\s*(?:and\s+)?")
#: What tells columns of one kind apart, at the end of their titles.
_COLUMN = re.compile(r"(?:\d+|\b[A-Z])$")
#: Titles of two columns that belong together, and what they are.
_PAIRED = {
    "x y": "points",
    "start end": "intervals",
    "begin end": "intervals",
    "begins ends": "intervals",
    "starts ends": "intervals",
    "start finish": "intervals",
    "begins finishes": "intervals",
    "starts finishes": "intervals",
    "from until": "intervals",
    "from to": "edges",
    "from at": "edges",
}
_PLACES = {word for pair in _PAIRED for word in pair.split()}
_CELL_COMMA = re.compile(r"\s*[,;]\s*")
_CELL_SPACE = re.compile(r"\s+")
_BRACKET = re.compile(r"\(([^()]{3,80})\)")
_VARIABLE = re.compile(r"\b(?!(?:not|or)\b)[A-Za-z]\w*", re.IGNORECASE)
#: Words that say nothing of what a number is.
_EMPTY = frozenset(
    "a an and are as at be by can each following for from given has have in is it like list may must of on "
    "or over should that the then these this those to was were will with".split()
)
#: Functions that programs call.
_TAKEN = frozenset(
    "abs all any bin dict id input int len list map max min pow print range round set sorted str sum time "
    "tuple type zip".split()
)


class Given(NamedTuple):
    """A value that the question gives.

    Attributes:
        name: Of the variable.
        value: Numbers, texts, and lists and tuples of them; with names, if the question has names for them.
        columns: What the places of each entry mean, if that is known.
        said: What the question says of each number.
    """

    name: str
    value: list[object] | dict[Value, object]
    columns: tuple[str, ...] = ()
    said: str = ""

    @property
    def line(self) -> str:
        """The statement that defines it."""
        return f"{self.name} = {self.value!r}"

    @property
    def short(self) -> str:
        """The statement as a model is shown it: of many entries the first, and how many there are."""
        shown = self._first_entries()
        is_whole = len(shown) == len(self.value)
        notes = [] if is_whole else [f"{len(self.value)} in all"]
        notes += [f"each ({', '.join(self.columns)})"] if self.columns else []
        notes += [self.said] if self.said and name_of(self.said, "") != self.name else []
        comment = f"  # {', '.join(notes)}" if notes else ""
        if isinstance(self.value, dict):
            return f"{self.name} = {{{', '.join(shown)}}}{comment}"
        more = "" if is_whole else ", ..."
        return f"{self.name} = [{', '.join(shown)}{more}]{comment}"

    @property
    def numbers(self) -> set[float]:
        """All numbers in it; none if there are names in it, too, which say more than they do."""
        values = list(_flat(self.value))
        numbers = {float(value) for value in values if isinstance(value, int | float)}
        return numbers if all(isinstance(value, int | float) for value in values) else set()

    @property
    def members(self) -> set[object]:
        """What the sets of a table have in them."""
        sets = self.value.values() if isinstance(self.value, dict) else ()
        return {member for own in sets if isinstance(own, list) for member in own}

    @property
    def counts(self) -> set[int]:
        """How many there are of what the data are about, in ways in which a question may say it."""
        rows = [entry for entry in self.value if isinstance(entry, list)]
        links = [entry for entry in self.value if isinstance(entry, tuple)]
        counts = {len(self.value), *map(len, rows)}
        if self.name == "edges":
            counts.add(len({end for link in links for end in link[:2]}))
        if self.name == "clauses":
            variables = len({word for clause in self.value for word in _VARIABLE.findall(str(clause))})
            counts |= {variables, 2**variables}
        return counts

    def _first_entries(self) -> list[str]:
        if isinstance(self.value, dict):
            entries = [f"{key!r}: {value!r}" for key, value in self.value.items()]
        else:
            entries = list(map(repr, self.value))
        ends = accumulate(len(entry) + len(", ") for entry in entries)
        return entries[: max(1, sum(end <= _SHOWN for end in ends))]


class Read(NamedTuple):
    """What was read of a question.

    Attributes:
        given: Values.
        rest: The text around them.
    """

    given: list[Given]
    rest: str


def _flat(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for entry in value:
            yield from _flat(entry)
    else:
        yield value


def given_by(entries: Sequence[Entry], question: str) -> list[Given]:
    """Return what entries of one form give to a program; nothing if more than numbers differs.

    Args:
        entries: Two or more.
        question: The text around them, which may say what the places of an entry mean.
    """
    has_one_shape = len({shape_of(entry.tokens) for entry in entries}) == 1
    if entries[0].form == "link":
        return [_links(entries, question)] if has_one_shape else []
    steps = [_steps(entry) for entry in entries]
    if all(steps) and len({shape for own in steps for shape, _ in own}) == 1:
        rows = [[values for _, values in own] for own in steps]
        return [Given(name_of(entries[0].form.rstrip("#"), "rows"), list[object](rows))]
    lists = [members for members in map(_members, entries) if members is not None]
    if len(lists) == len(entries):
        return list(_of_lists(entries, lists))
    return list(_columns(entries)) if has_one_shape else []


def given_by_cells(header: Sequence[str], rows: Sequence[Sequence[Value]]) -> list[Given]:
    """Return the columns of a table with a header, or the rows of one without.

    Args:
        header: What stands above the columns; empty without.
        rows: Of the same length; a first column of words names them.
    """
    first = [row[0] for row in rows]
    names_rows = all(isinstance(cell, str) for cell in first) or (
        _counts(first) and header and _NUMBERING.search(header[0])
    )
    skipped = int(bool(names_rows) and len(rows[0]) > 1)
    cells = [row[skipped:] for row in rows]
    titles = header[skipped:]
    if not all(isinstance(cell, int | float) for row in cells for cell in row):
        return _of_words(rows)
    pairs = _PAIRED.get(" ".join(map(_axis, titles[:2])))
    if pairs == "edges" or (pairs and len(titles) == 2):
        return [Given(pairs, [tuple(row) for row in cells], () if pairs == "points" else tuple(titles))]
    names = [name_of(title, "") for title in titles]
    if not header or not all(names) or _are_of_one_kind(titles):
        return [Given("rows", [list(row) for row in cells])]
    columns = zip(names, titles, zip(*cells, strict=True), strict=True)
    return [
        Given(name, list(column), said=" ".join(re.findall(r"\w+", title.casefold())))
        for name, title, column in columns
    ]


def _counts(cells: Sequence[Value]) -> bool:
    """Whether these are the numbers from 0 or 1 on."""
    return list(cells) in (list(range(len(cells))), list(range(1, len(cells) + 1)))


def _are_of_one_kind(titles: Sequence[str]) -> bool:
    """Whether columns are the same thing several times, such as `site 1` and `site 2`, or `A` and `B`."""
    kinds = {_COLUMN.sub("", title.strip()).casefold() for title in titles}
    return len(titles) > 1 and len(kinds) == 1 and all(_COLUMN.search(title.strip()) for title in titles)


def _axis(title: str) -> str:
    """Return the word that says which of two places a column is: `x` or `to`, for example."""
    words = re.split(r"\W|_", title.strip().casefold())
    return next((word for word in words if word in _PLACES), "")


def _of_words(rows: Sequence[Sequence[Value]]) -> list[Given]:
    """Return pairs, or sets by their names, of a table with two columns of words."""
    if len(rows[0]) != 2:
        return []
    has_commas = any(re.search(r"[,;]", str(row[1])) for row in rows)
    comma = _CELL_COMMA if has_commas else _CELL_SPACE
    named = {row[0]: comma.split(str(row[1])) for row in rows}
    are_pairs = all(len(members) == 1 and members[0] for members in named.values())
    if len(named) < len(rows) or are_pairs:
        is_word = all(re.fullmatch(r"\w+", str(cell)) for row in rows for cell in row)
        return [Given("edges", [tuple(row) for row in rows])] if is_word else []
    sets = {name: [plain(member) for member in members] for name, members in named.items()}
    members = [str(member) for own in sets.values() for member in own]
    # Words with nothing but spaces between them are a sentence.
    is_listed = all(re.fullmatch(r"\w+" if has_commas else r"\w*\d+", member) for member in members)
    return [Given("sets", dict[Value, object](sets))] if is_listed else []


def name_of(word: str, usual: str) -> str:
    """Return a name for several of what a word means; the usual one if it means nothing."""
    name = re.sub(r"\W+", "_", word.strip().casefold()).strip("_")
    if len(name) < 2 or name in _EMPTY or not name.isidentifier():
        return usual
    if name.endswith("y") and name[-2] not in "aeiou":
        name = name[:-1] + "ies"
    elif len(name) > 2 and not name.endswith("s"):
        name += "es" if name.endswith(("sh", "ch", "x")) else "s"
    return f"{name}_" if iskeyword(name) or name in _TAKEN else name


def said_around(text: str, start: int, end: int) -> str:
    """Return the words before and behind a list in a sentence, if they say something."""
    before = re.findall(r"[^\W\d]\w*", text[max(0, start - _NEAR) : start])[-1:]
    behind = re.match(r"\s+([^\W\d]\w*)", text[end : end + _NEAR])
    words = [*before, behind[1]] if behind else before
    return " ".join(word for word in map(str.casefold, words) if word not in _EMPTY)


def _links(entries: Sequence[Entry], question: str) -> Given:
    return Given(
        "edges", [(*entry.labels, *entry.values) for entry in entries], _header(entries[0], question)
    )


def _header(entry: Entry, question: str) -> tuple[str, ...]:
    """Return what the places of a link mean, if a bracket says it in the same form: `(a -> b: km, hours)`."""
    signs = [token.text for token in entry.tokens if token.kind == "sign"]
    for match in _BRACKET.finditer(question):
        words = [token.text for token in tokens_of(match[1]) if token.kind == "word"]
        said = [token.text for token in tokens_of(match[1].rpartition(":")[2]) if token.kind == "sign"]
        if len(words) == len(entry.labels) + len(entry.values) and said == signs:
            return tuple(words)
    return ()


def _steps(entry: Entry) -> list[tuple[str, tuple[Value, ...]]]:
    """Return the parts of an entry with the form of each, if each has several values and says of what."""
    parts = [tokens_of(part) for part in _PART.split(entry.rest)]
    read = [(shape_of(part), values_of(part)) for part in parts]
    have_words = all(any(token.kind == "word" for token in part) for part in parts)
    return read if have_words and len(read) > 1 and all(len(values) > 1 for _, values in read) else []


def _members(entry: Entry) -> list[Value] | None:
    """Return the members of a list, in brackets or not; None if there is more to it."""
    inside = entry.rest.strip("[]{}() ")
    may_be_words = "," in inside or inside != entry.rest
    tokens = list(map(tokens_of, _COMMA.split(inside) if "," in inside else inside.split()))
    if not all(len(found) == 1 for found in tokens):
        return None
    members = [token for (token,) in tokens]
    if any(token.kind == "sign" or (token.kind == "word" and not may_be_words) for token in members):
        return None
    return [token.value for token in members]


def _of_lists(entries: Sequence[Entry], lists: list[list[Value]]) -> Iterator[Given]:
    """Yield points, numbers, the rows of a matrix, or sets with their names."""
    lengths = {len(members) for members in lists}
    if lengths == {2} and all(entry.rest.startswith("(") for entry in entries):
        yield Given("points", [tuple(members) for members in lists])
    elif lengths == {1}:
        yield from _of_values(entries, [members[0] for members in lists])
    elif _are_parallel(entries, lists):
        yield from _of_named_lists(entries, lists)
    elif len(lengths) == 1 and all(isinstance(value, int | float) for members in lists for value in members):
        yield Given("rows", list[object](lists))
    elif all(entry.labels for entry in entries):
        named = {entry.labels[0]: members for entry, members in zip(entries, lists, strict=True)}
        # Two of one name are not two entries of a dict.
        yield from [Given("sets", dict[Value, object](named))] if len(named) == len(lists) else []


def _are_parallel(entries: Sequence[Entry], lists: list[list[Value]]) -> bool:
    """Whether each line is another property, `weights: 3, 5, 8`, and not another thing."""
    lengths = sorted(map(len, lists), reverse=True)
    are_named = all(map(_is_property, entries))
    are_numbers = all(isinstance(value, int | float) for members in lists for value in members)
    are_wide = len(set(lengths)) == 1 and len(lists) <= _FEW_LISTS < lengths[0]
    return are_numbers and (
        (are_named and are_wide) or (lengths[0] > lengths[1] == 1 and _are_words(entries))
    )


def _is_property(entry: Entry) -> bool:
    """Whether a name is that of what things have, rather than of a thing or a person."""
    name = str(entry.labels[0]) if entry.form == "name" else ""
    return len(name) > 1 and (name.islower() or name.endswith("s"))


def _are_words(entries: Sequence[Entry]) -> bool:
    return all(entry.form == "name" for entry in entries) and len(str(entries[0].labels[0])) > 1


def _of_named_lists(entries: Sequence[Entry], lists: list[list[Value]]) -> Iterator[Given]:
    """Yield each list by its name, and what belongs to all of them."""
    singles: dict[Value, object] = {}
    for entry, members in zip(entries, lists, strict=True):
        label = entry.labels[0]
        if len(members) == 1:
            singles[label] = members[0]
        else:
            yield Given(name_of(str(label), "numbers"), list[object](members), said=str(label).casefold())
    if singles:
        yield Given("values", singles)


def _of_values(entries: Sequence[Entry], values: list[Value]) -> Iterator[Given]:
    if any(entry.form != "name" for entry in entries):
        yield Given("values", list[object](values))
        return
    named = {entry.labels[0]: value for entry, value in zip(entries, values, strict=True)}
    yield from [Given("values", dict[Value, object](named))] if len(named) == len(values) else []


def _columns(entries: Sequence[Entry]) -> Iterator[Given]:
    """Yield a list for each number of a row, if words say what all of them are; else the rows."""
    rows = [entry.values for entry in entries]
    tokens = entries[0].tokens
    if tokens[0].kind == "label" and not entries[0].labels:
        rows, tokens = [row[1:] for row in rows], tokens[1:]
    at = next((at for at, token in enumerate(tokens) if token.varies), 0)
    # `lot 1 costs 4`, but not `1 kg costs 4`.
    if len(rows[0]) > 1 and at and tokens[at - 1].kind == "word" and _counts([row[0] for row in rows]):
        rows, tokens = [row[1:] for row in rows], tokens[at + 1 :]
    kept = list(_are_values(list(zip(*rows, strict=True))))
    rows = [tuple(compress(row, kept)) for row in rows]
    places = compress((at for at, token in enumerate(tokens) if token.varies), kept)
    parts = [_part_around(tokens, at) for at in places]
    names = [name_of(next((word for word in part if word not in _EMPTY), ""), "") for part in parts]
    if not all(names):
        # Lines of a sentence each, without names: who knows what their numbers are.
        has_words = any(token.kind == "word" for token in tokens)
        if len(rows[0]) == 1:
            yield Given("values", [row[0] for row in rows])
        elif entries[0].labels or not has_words:
            yield Given("rows", list[object](rows))
        return
    for name, part, column in zip(names, parts, zip(*rows, strict=True), strict=True):
        yield Given(name, list(column), said=" ".join(part))


def _are_values(columns: Sequence[Sequence[Value]]) -> Iterator[bool]:
    """Say of each column whether it is data: `s1=6, s2=32` and `site 1: 6, site 2: 32` have two of them."""
    same = [column[0] if len(set(column)) == 1 else None for column in columns]
    numbers = [value for value in same if isinstance(value, int)]
    are_counted = len(numbers) > 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    for value in same:
        yield not (isinstance(value, str) or (are_counted and isinstance(value, int)))


def _part_around(tokens: list[Token], at: int) -> list[str]:
    """Return the words around a number, up to the next number or comma; those before it first."""
    before = tokens[max((place + 1 for place in range(at) if _ends_part(tokens[place])), default=0) : at]
    behind = tokens[
        at + 1 : next((p for p in range(at + 1, len(tokens)) if _ends_part(tokens[p])), len(tokens))
    ]
    is_next_named = len(tokens) > at + 1 + len(behind) and tokens[at + 1 + len(behind)].varies
    words = [*before, *(behind[:1] if is_next_named else behind)]
    return [token.text.casefold() for token in words if token.kind == "word"]


def _ends_part(token: Token) -> bool:
    return token.varies or token.text in ",;"
