"""Functions of the host. A call ends the program, which runs again from its beginning with the reply.

The functions themselves are appended to this text when it is handed to a program.
"""

from __future__ import annotations

import itertools as _itertools
import json as _json
import os as _os
import sys as _sys

_FOLDER = _os.path.dirname(_os.path.abspath(__file__))
_CALL, _REPLIES = ".isorun-call.json", ".isorun-replies.json"
#: How a program ends that waits for a reply.
_WAITS = 93
_MAX_BYTES = 60_000

_limit = 0
_numbers = _itertools.count(1)


class ToolError(Exception):
    """The host did not do what it was asked, or does no more."""


def _call(name: str, arguments: dict[str, object]) -> object:
    """Return the reply to this call if it is there; else ask for it, which ends the program at once.

    Raises:
        ToolError: The reply is an error, or the budget of calls is used up.
    """
    number = next(_numbers)
    text = _json.dumps(arguments, default=_plain, allow_nan=False)
    if len(text) > _MAX_BYTES:
        raise ToolError(f"the arguments of `{name}` have {len(text):,} bytes, allowed are {_MAX_BYTES:,}")
    replies = _recorded()
    if number > max(len(replies), _limit):
        raise ToolError(f"the budget of {_limit} calls is used up")
    if number <= len(replies):
        past = replies[number - 1]
        # One that is another call than before is written down too: the host says what that means.
        if past["call"] == {"name": name, "arguments": _json.loads(text)}:
            if "error" in past:
                raise ToolError(past["error"])
            return past["reply"]
    return _ask(name, text, number)


def _recorded() -> list[dict[str, object]]:
    with open(_os.path.join(_FOLDER, _REPLIES), encoding="utf-8") as file:
        replies: list[dict[str, object]] = _json.load(file)
    return replies


def _ask(name: str, text: str, number: int) -> object:
    with open(_os.path.join(_FOLDER, _CALL), "w", encoding="utf-8") as file:
        file.write(f'{{"name": {_json.dumps(name)}, "arguments": {text}, "number": {number}}}')
    _sys.stdout.flush()
    _sys.stderr.flush()
    # Nothing of the program may go on, not even a `finally`.
    _os._exit(_WAITS)


def _plain(value: object) -> object:
    """Turn arrays, numbers of NumPy, sets and paths into what JSON has."""
    to_list = getattr(value, "tolist", None)
    if callable(to_list):
        return to_list()
    if isinstance(value, set | frozenset):
        return list(value)
    if isinstance(value, _os.PathLike):
        return _os.fspath(value)
    raise TypeError(f"`{type(value).__name__}` cannot be passed to a function of the host")
