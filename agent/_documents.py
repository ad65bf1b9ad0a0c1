"""Look up what a library says about itself: signatures, examples and summaries, in an index on disk.

An index that is missing or damaged gives empty answers, with the reason in `Documents.reason`: a model can
try without documentation.
"""

import re
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from anyio import to_thread

from ._documents_errors import candidates

#: As they are written in most programs.
ALIASES = {"np": "numpy", "pd": "pandas", "nx": "networkx", "plt": "matplotlib.pyplot", "sp": "sympy"}
#: About 300 tokens.
MAX_PROMPT = 1_000
_MAX_SUMMARY = 200
_MAX_QUERY = 400
_MAX_TERMS = 16
#: How many are read of what FTS5 finds, to be put in a better order.
_SEARCHED = 60
_SEARCH = """
SELECT rowid, name, bm25(documents, 10.0, 6.0, 4.0, 2.0, 1.0) AS score, example != '' FROM documents
WHERE documents MATCH ? ORDER BY score LIMIT ?
"""
# Quoted like that and joined with OR, no word of a query is an operator of FTS5.
_TERM = re.compile(r"\w+")
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_IDLE = frozenset(
    """
    a all an and any are as at be by can do does each first for from get give given has have how i if in
    into is it its me my need of on one or python should so than that the them then there this to two use
    used using want we what when where which with without you
    """.split()
)


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to know about one function, class, method or module.

    Attributes:
        name: In full, such as `scipy.optimize.linprog`.
        signature: As it is called, such as `linprog(c, A_ub=None)`; empty where nothing is known.
        text: The beginning of its description.
        example: Lines after `>>>`, with what they print.
    """

    name: str
    signature: str = ""
    text: str = ""
    example: str = ""


class Documents:
    """An index, opened for reading.

        with Documents(path) as documents:
            documents.lookup("shortest path in a weighted graph")

    Its methods block for some milliseconds and may be called from any thread; see `look_up`.

    Args:
        path: As made by `build_index`.

    Attributes:
        reason: Why answers are empty; None when the index is as it should be.
    """

    def __init__(self, path: Path) -> None:
        self.reason: str | None = "the index of documentation is not open"
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._names: dict[str, int] = {}
        # A connection is used by one thread at a time.
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self.reason = None
        if not self._path.is_file():
            self.reason = (
                f"there is no index of documentation at {self._path}: run `isorun setup --documents`"
            )
            return self
        try:
            uri = f"{self._path.absolute().as_uri()}?mode=ro"
            self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            self._damaged(error)
        self._names = {name: int(key) for name, key in self._rows("SELECT name, rowid FROM documents")}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def lookup(self, query: str, limit: int = 2) -> tuple[Document, ...]:
        """Return what fits a name or a few words best; what is named in full comes first."""
        found = [self._names[name] for name in _named(query) if name in self._names]
        return self._distinct(found + self._searched(terms_of(query)), limit)

    def for_error(self, error: str, program: str, limit: int = 2) -> tuple[Document, ...]:
        """Return what helps with an error about a name, a module or the arguments of a call; else nothing.

        Args:
            error: Type and message, as a program printed them: untrusted.
            program: Its source; what it imports is preferred.
            limit: How many documents at most.
        """
        wanted = candidates(error, program, self._names)
        found = [self._names[name] for name in wanted.names]
        documents = self._distinct(found, limit)
        if documents or not wanted.words:
            return documents
        return self.lookup(wanted.words, limit)

    def _searched(self, terms: Sequence[str]) -> list[int]:
        if not terms:
            return []
        match = " OR ".join(f'"{term}"' for term in terms)
        rows = self._rows(_SEARCH, match, _SEARCHED)
        # FTS5 gives the best the lowest of negative numbers.
        scored = [(float(row[2]) * _weight(row[1], row[3] == "1", terms), int(row[0])) for row in rows]
        return [key for _, key in sorted(scored)]

    def _distinct(self, keys: Iterable[int], limit: int) -> tuple[Document, ...]:
        """Read documents in this order, without those that say the same, such as inherited methods."""
        found: dict[tuple[str, str], Document] = {}
        for key in dict.fromkeys(keys):
            if len(found) >= limit:
                break
            sql = "SELECT name, signature, text, example FROM documents WHERE rowid = ?"
            for name, signature, text, example, *_ in self._rows(sql, key):
                document = Document(name=name, signature=signature, text=text, example=example)
                found.setdefault((document.name.rpartition(".")[2], document.text), document)
        return tuple(found.values())

    def _rows(self, sql: str, *values: str | int) -> list[list[str]]:
        """Read rows as text; none if that cannot be done."""
        with self._lock:
            if self._connection is None:
                return []
            try:
                return [[str(value) for value in row] for row in self._connection.execute(sql, values)]
            except sqlite3.Error as error:
                self._damaged(error)
                return []

    def _damaged(self, error: sqlite3.Error) -> None:
        self.reason = f"the index of documentation at {self._path} cannot be read: {error}"


def _weight(name: str, has_example: bool, terms: Sequence[str]) -> float:
    """Prefer what is called as the query says, has an example, and is not hidden deep in a library."""
    last = name.rpartition(".")[2]
    words = words_of(last) or (last.lower(),)
    # By their beginnings, since a query says `permutation` where a name says `permutations`.
    matched = sum(any(_is_akin(word, term) for term in terms) for word in words) / len(words)
    is_event = last.endswith(("Error", "Warning"))
    return (
        (1 + matched) * (1.3 if has_example else 1.0) * (0.5 if is_event else 1.0) / (1 + name.count(".") / 6)
    )


def _is_akin(word: str, term: str) -> bool:
    length = max(min(len(word), len(term)) - 2, 4)
    return word[:length] == term[:length]


async def look_up(documents: Documents, query: str, limit: int = 2) -> tuple[Document, ...]:
    """Do what `Documents.lookup` does, in a worker thread."""
    return await to_thread.run_sync(documents.lookup, query, limit)


async def look_up_error(documents: Documents, error: str, program: str) -> tuple[Document, ...]:
    """Do what `Documents.for_error` does, in a worker thread."""
    return await to_thread.run_sync(documents.for_error, error, program)


def as_prompt(documents: Sequence[Document], *, maximum: int = MAX_PROMPT) -> str:
    """Write documents for a model: of each the call, the example, and what it does, in whole lines."""
    parts: list[str] = []
    left = maximum
    for number, document in enumerate(documents):
        share = left // (len(documents) - number)
        part = _described(document, max(share - 2, 0))
        if part:
            parts.append(part)
            left -= len(part) + 2
    return "\n\n".join(parts)


def _described(document: Document, maximum: int) -> str:
    home, _, last = document.name.rpartition(".")
    call = document.signature or last
    head = f"{home}.{call}"[:maximum] if home else call[:maximum]
    # The first paragraph says what it does; parameters follow.
    summary = " ".join(document.text.partition("\n\n")[0].split())[:_MAX_SUMMARY]
    example = _whole_lines(document.example, maximum - len(head) - len(summary) - 2)
    text = _whole_lines(summary, maximum - len(head) - len(example) - 2)
    return "\n".join(part for part in (head, example, text) if part)


def _whole_lines(text: str, maximum: int) -> str:
    """Cut a text so that no line is cut."""
    if len(text) <= maximum:
        return text
    return text[: max(maximum, 0) + 1].rpartition("\n")[0]


def terms_of(query: str) -> tuple[str, ...]:
    """Return what to search for: names whole and in parts, and words that mean something."""
    found: dict[str, None] = {}
    for match in _TERM.finditer(query[:_MAX_QUERY]):
        term = match[0]
        whole = ALIASES[term] if term in ALIASES else term.lower()
        for part in (whole, *words_of(term)):
            if part not in _IDLE and len(part) > 1:
                found.setdefault(part)
    return tuple(found)[:_MAX_TERMS]


def words_of(name: str) -> tuple[str, ...]:
    """Return the words in a name, such as three for `linear_sum_assignment`; none if it is one word."""
    parts = tuple(match[0].lower() for match in _PART.finditer(name))
    return parts if len(parts) > 1 else ()


def _named(query: str) -> list[str]:
    """Return what a query names in full, with the usual short names of libraries written out."""
    found = []
    for dotted in _DOTTED.findall(query[:_MAX_QUERY]):
        first, _, rest = dotted.partition(".")
        found += [f"{ALIASES[first]}.{rest}"] if first in ALIASES else []
        found.append(dotted)
    return found + [word for word in _TERM.findall(query[:_MAX_QUERY]) if word == query.strip()]
