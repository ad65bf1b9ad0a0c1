"""Messages as bytes and back: msgpack, and nothing of what Python can say in a text or a number is lost.

What a program reports may hold halves of surrogate pairs and numbers of any size, for which msgpack has no
form. A message with such is packed once more, with extensions in their place.
"""

from typing import Any

import msgspec
from msgspec.msgpack import Ext

_PLAIN, _EXTENDED = b"\x00", b"\x01"
_TEXT, _NUMBER, _PAIRS = 1, 2, 3
_LEAST, _GREATEST = -(1 << 63), (1 << 64) - 1

type Tree = str | int | bytes | float | bool | Ext | list["Tree"] | dict["Tree", "Tree"] | None

_encoder = msgspec.msgpack.Encoder()


def pack(message: msgspec.Struct) -> bytes:
    """Return a message as bytes.

    Raises:
        TypeError: It holds what is no data.
        RecursionError: It is nested too deeply.
    """
    try:
        return _PLAIN + _encoder.encode(message)
    except (UnicodeEncodeError, OverflowError):
        return _EXTENDED + _encoder.encode(_extended(msgspec.to_builtins(message, builtin_types=(bytes,))))


class Unpacker[T]:
    """Turns bytes into messages of one type, a union perhaps.

    Args:
        kind: The type; what is unpacked is of it, which no annotation can say of a union.
    """

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        self._plain: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(kind)

    def unpack(self, data: bytes) -> T:
        """Return the message.

        Raises:
            msgspec.DecodeError: The bytes are no message of this type.
        """
        try:
            return self._unpacked(data[:1], memoryview(data)[1:])
        except msgspec.DecodeError:
            raise
        except (RecursionError, TypeError, ValueError) as error:  # of extensions
            raise msgspec.DecodeError(str(error)) from error

    def _unpacked(self, form: bytes, body: memoryview) -> T:
        if form == _PLAIN:
            return self._plain.decode(body)
        if form == _EXTENDED:
            tree: Tree = msgspec.msgpack.decode(body, ext_hook=_meant)
            unpacked: T = msgspec.convert(tree, self._kind, builtin_types=(bytes,))
            return unpacked
        raise msgspec.DecodeError("neither a plain message nor an extended one")


def _extended(tree: Tree) -> Tree:
    match tree:
        case bool() | None | float() | bytes() | Ext():
            return tree
        case str():
            return tree if _is_plain(tree) else Ext(_TEXT, tree.encode("utf-8", "surrogatepass"))
        case int():
            return tree if _LEAST <= tree <= _GREATEST else Ext(_NUMBER, b"%d" % tree)
        case dict():
            if all(isinstance(key, str) and _is_plain(key) for key in tree):
                return {key: _extended(value) for key, value in tree.items()}
            pairs = [[_extended(key), _extended(value)] for key, value in tree.items()]
            return Ext(_PAIRS, _encoder.encode(pairs))
        case _:
            return [_extended(item) for item in tree]


def _is_plain(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _meant(code: int, data: memoryview) -> Tree:
    """Return what an extension stands for."""
    if code == _TEXT:
        return bytes(data).decode("utf-8", "surrogatepass")
    if code == _NUMBER:
        return int(bytes(data))
    if code == _PAIRS:
        pairs = msgspec.msgpack.decode(data, type=list[tuple[Any, Any]], ext_hook=_meant)
        return dict(pairs)
    raise ValueError(f"the unknown extension {code}")
