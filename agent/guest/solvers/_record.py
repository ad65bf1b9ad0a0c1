"""Calls that were made, one JSON line each, so that somebody else can check them afterwards."""

import json
from collections.abc import Mapping

FILE = ".isorun-calls.jsonl"
#: A program that calls more often searches for something itself; the first calls are enough to look at.
_MAX_CALLS = 20
_MAX_LINE = 64 * 1024

_recorded = 0


def record(function: str, arguments: Mapping[str, object], value: object, solution: object) -> None:
    """Append a call to the file; whatever stands against that is ignored, for the program comes first."""
    global _recorded
    if _recorded >= _MAX_CALLS:
        return
    _recorded += 1
    call = {"function": function, "arguments": arguments, "value": value, "solution": solution}
    try:
        line = json.dumps(call, default=_plain)
        if len(line) < _MAX_LINE:
            with open(FILE, "a", encoding="ascii") as file:
                file.write(line + "\n")
    except (OSError, TypeError, ValueError, RecursionError):
        return


def _plain(value: object) -> object:
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return str(value)
