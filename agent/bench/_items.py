"""Items to measure with: a set is a folder with one `items.jsonl`, an item is a question with its answer."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from engine import ConfigError

type Kind = Literal["math", "opt", "algo", "code", "repair", "text", "routing"]
type AnswerType = Literal[
    "int",
    "float",
    "named_floats",
    "no_solution",
    "string",
    "label",
    "latex",
    "tests",
    "io",
    "task_json",
    "verifier",
]

ITEMS_FILE = "items.jsonl"
# The largest sets are below 1 MiB; a wrong file must not fill the memory.
MAX_BYTES = 64 * 2**20
#: What the scorer can run to its proven end.
TESTABLE = ("python", "javascript")
_LANGUAGES = {"js": "javascript", "py": "python", "ts": "typescript"}
_SCORED = ("int", "float", "named_floats", "no_solution", "string", "label", "tests", "io")


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One item as its file has it; fields that are not used here are ignored.

    Attributes:
        answer: The right one, as text; of `named_floats` a JSON object.
        prompt: Head of a function, with its description.
        buggy: Program to mend, or the rest of it after `prompt`.
        tests: Hidden from the agent, as `reference` and `answer` are.
        public_tests: Those that the agent may see.
        call: Statement that runs the hidden tests, where they do not run themselves.
        io_tests: Pairs of arguments and result, hidden too.
    """

    id: str
    kind: Kind
    answer_type: AnswerType
    dataset: str = ""
    question: str = ""
    answer: str = ""
    language: str = ""
    prompt: str = ""
    buggy: str = ""
    entry_point: str = ""
    tests: str | tuple[str, ...] = ""
    public_tests: str | tuple[str, ...] = ""
    test_imports: tuple[str, ...] = ()
    call: str = ""
    io_tests: tuple[tuple[object, object], ...] = ()
    abs_tol: float | None = None
    rel_tol: float | None = None


class ItemSet(msgspec.Struct, frozen=True, kw_only=True):
    """Items of one set in the order of measuring.

    Attributes:
        skipped: How many others are not scored, by the reason.
    """

    name: str
    items: tuple[Item, ...]
    skipped: dict[str, int] = {}


def load_items(folder: Path, *, limit: int | None = None, language: str | None = None) -> ItemSet:
    """Read a set; the same limit always takes the same items, and a larger one all of them and more.

    Raises:
        ConfigError: The file cannot be read, or a line is no item; the message has the number of the line.
    """
    path = folder / ITEMS_FILE
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"`{path}` has more than {MAX_BYTES >> 20} MiB", hint="divide it into sets")
        lines = path.read_bytes().splitlines()
    except OSError as error:
        hint = f"a set is a folder with a file `{ITEMS_FILE}`"
        raise ConfigError(f"`{path}` cannot be read: {error.strerror}", hint=hint) from error
    items = [_item(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip()]
    return choose(folder.name, items, limit=limit, language=language)


def items_of(name: str, dicts: Iterable[dict[str, object]], *, limit: int | None = None) -> ItemSet:
    """Return a set of generated items.

    Raises:
        ConfigError: One of them is no item.
    """
    try:
        items = [msgspec.convert(entry, Item) for entry in dicts]
    except msgspec.ValidationError as error:
        raise ConfigError(f"`{name}`: {error}", hint="the generator does not fit this version") from error
    return choose(name, items, limit=limit)


def choose(
    name: str, items: Sequence[Item], *, limit: int | None = None, language: str | None = None
) -> ItemSet:
    """Take the first items of a fixed shuffle, among those that can be scored."""
    wanted = [item for item in items if language is None or language_of(item) == named(language)]
    reasons = {item.id: why_not_scored(item) for item in wanted}
    scored = sorted((item for item in wanted if reasons[item.id] is None), key=_place)
    skipped = Counter(reason for reason in reasons.values() if reason is not None)
    return ItemSet(name=name, items=tuple(scored[:limit]), skipped=dict(sorted(skipped.items())))


def why_not_scored(item: Item) -> str | None:
    """Say why nobody can tell here whether an answer to this item is right; None if that can be told."""
    if item.answer_type not in _SCORED:
        return item.answer_type
    if item.answer_type in ("tests", "io") and language_of(item) not in TESTABLE:
        return f"{item.answer_type} in {language_of(item) or 'no language'}"
    return None


def find_sets(folders: Sequence[Path], names: Sequence[str]) -> list[Path]:
    """Return the folders of sets: each folder itself if it is one, else those in it, of these names if any.

    Raises:
        ConfigError: There is none, or none of a name.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        for path in [folder] if (folder / ITEMS_FILE).is_file() else sorted(folder.glob(f"*/{ITEMS_FILE}")):
            place = path if path.is_dir() else path.parent
            found.setdefault(place.resolve().name, place.resolve())
    if not found:
        shown = ", ".join(f"`{folder}`" for folder in folders)
        raise ConfigError(f"no set in {shown}", hint=f"a set is a folder with a file `{ITEMS_FILE}`")
    missing = [name for name in names if name not in found]
    if missing:
        raise ConfigError(f"no set named `{missing[0]}`", hint=f"there are: {', '.join(sorted(found))}")
    return [found[name] for name in names] or list(found.values())


def language_of(item: Item) -> str:
    """Return the language of an item as the engine names it; empty if it has none."""
    return named(item.language)


def named(language: str) -> str:
    """Return the engine's name of a language."""
    return _LANGUAGES.get(language, language)


def _item(line: bytes, place: str) -> Item:
    try:
        return msgspec.json.decode(line, type=Item)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{place}: no item: {error}", hint="each line is one JSON object") from error


def _place(item: Item) -> str:
    """A hash of the id: an order without pattern that stays when items are added."""
    return hashlib.sha256(f"isorun bench {item.id}".encode("utf-8", "replace")).hexdigest()
