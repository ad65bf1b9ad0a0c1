"""What a program says about itself, as JSON of bounded size."""

from __future__ import annotations

import _json
import os

TYPE_CHECKING = False  # `typing` alone would double a fresh start
if TYPE_CHECKING:
    from typing import Any

MAX_VALUE = 256 * 1024
_MAX_DEPTH = 64
_MAX_ITEMS = 100_000


def write(pipe: int, outcome: dict[str, Any], exit_code: int | None = None) -> None:
    """Write a frame with `value`, `error`, `trap`; a value that cannot be sent is replaced by the reason.

    Args:
        pipe: To the host.
        outcome: What there is to say.
        exit_code: Of one of many programs: a frame after it says that another one may come.
    """
    message: dict[str, Any] = {"kind": "report"}
    for name in ("error", "trap"):
        if outcome.get(name) is not None:
            message[name] = outcome[name]
    value, omitted = _value(outcome.get("value"))
    if omitted is not None:
        message["value_omitted"] = omitted
    text = encode(message)
    if value is not None:
        text = f'{text[:-1]}, "value": {value}}}'
    frames = _framed(text.encode())
    if exit_code is not None:
        frames += _framed(b'{"kind":"done","exit_code":%d}' % exit_code)
    while frames:
        frames = frames[os.write(pipe, frames) :]


def _framed(payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + payload


def encode(message: Any) -> str:
    """Encode plain data as JSON by the C encoder alone; importing `json` would double a fresh start."""
    try:
        encoder = _json.make_encoder(
            None, _refuse, _json.encode_basestring_ascii, None, ": ", ", ", False, False, False
        )
    except TypeError:  # another interpreter version
        import json

        return json.dumps(message, allow_nan=False)
    return "".join(encoder(message, 0))


def _refuse(value: Any) -> Any:
    raise TypeError(type(value).__name__)


def _value(value: Any) -> tuple[str | None, str | None]:
    """Return the value as JSON text, or why there is none."""
    if value is None:
        return None, None
    try:
        text = encode(_Plain().convert(value, 0))
    except Exception as error:
        return None, f"not representable: {type(error).__name__}: {error}"[:300]
    if len(text) > MAX_VALUE:
        return None, f"larger than {MAX_VALUE // 1024} KiB"
    return text, None


class _Plain:
    """Turns any object into what JSON has: numbers, text, lists, dicts; anything else by its `repr`."""

    def __init__(self) -> None:
        self._left = _MAX_ITEMS

    def convert(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if self._left < 0 or depth > _MAX_DEPTH:
            raise ValueError("too large or too deep")
        kind = type(value)
        if value is None or kind in (bool, str):
            return value
        if kind is int:
            # More digits than a double holds are a question of taste; more than these, of memory.
            return value if value.bit_length() < 4096 else repr(value)[:MAX_VALUE]
        if kind is float:
            return value if value - value == 0.0 else repr(value)
        if isinstance(value, dict):
            return {_key(key): self.convert(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.convert(item, depth + 1) for item in value]
        return self._foreign(value, depth)

    def _foreign(self, value: Any, depth: int) -> Any:
        """Ask the object itself: arrays and scalars have `tolist`, tables `to_dict`."""
        for name, arguments in (("tolist", ()), ("to_dict", ("list",))):
            method = getattr(value, name, None)
            if callable(method) and not isinstance(value, type):
                return self.convert(method(*arguments), depth + 1)
        if isinstance(value, bool | int | float | str):
            for base in (bool, int, float, str):
                if isinstance(value, base):
                    return self.convert(base(value), depth + 1)
        return repr(value)[:MAX_VALUE]


def _key(key: Any) -> str:
    return key if type(key) is str else str(key)
