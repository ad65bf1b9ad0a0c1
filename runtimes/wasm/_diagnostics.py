"""The first error in what a compiler said, as data. Pure; the text quotes the program and is not trusted."""

import re

from engine import ErrorInfo

#: clang: `main.c:3:7: error: message`, also with `fatal error`.
_CLANG = re.compile(r"^(?P<file>[^\s:]+):(?P<line>\d+):\d+: (?:fatal )?error: (?P<message>.+)$", re.MULTILINE)
#: rustc: `error[E0425]: message`, and below it ` --> main.rs:3:7`.
_RUSTC = re.compile(
    r"^error(?:\[\w+\])?: (?P<message>.+)\n\s*--> (?P<file>[^\s:]+):(?P<line>\d+):\d+$", re.MULTILINE
)
#: Linkers and assemblers name no line.
_OTHER = re.compile(r"^(?:.*: )?error: (?P<message>.+)$", re.MULTILINE)
_MAX_MESSAGE = 2000


def first_error(said: str, source: str) -> ErrorInfo | None:
    """Return the first error, with its line if that is in the program itself; None if there is none.

    Args:
        said: By the compiler.
        source: Name that the program had for it.
    """
    candidates = [one for one in (_CLANG.search(said), _RUSTC.search(said)) if one is not None]
    found = min(candidates, key=lambda one: one.start(), default=_OTHER.search(said))
    if found is None:
        return None
    place = found.groupdict()
    return ErrorInfo(
        type="CompileError",
        message=place["message"][:_MAX_MESSAGE],
        traceback=said,
        line=int(place["line"]) if place.get("file") == source else None,
    )
