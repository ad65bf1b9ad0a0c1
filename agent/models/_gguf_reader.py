"""Reading the head of a GGUF file: numbers, strings, and the facts that the file states, all bounded."""

import struct
from typing import BinaryIO

type Scalar = int | float | bool | str

MAX_STRING_BYTES = 1 << 20
#: The largest vocabularies take some ten megabytes.
MAX_HEADER_BYTES = 64 << 20
_BLOCK_BYTES = 1 << 20
#: Longer texts, such as chat templates, are passed over.
_MAX_KEPT_BYTES = 1024
_STRING, _ARRAY = 8, 9
#: By GGUF's number of a type, for `struct`.
_NUMBERS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_LENGTH = struct.Struct("<Q")


class HeaderCut(Exception):  # noqa: N818 (caught by its one user)
    """The file ends within its head.

    Attributes:
        missing_bytes: That were to be read next and are not there.
    """

    def __init__(self, missing_bytes: int) -> None:
        super().__init__(f"{missing_bytes} bytes are missing")
        self.missing_bytes = missing_bytes


class HeaderReader:
    """Reads a head from its beginning. What cannot be right is a `ValueError`, an early end a `HeaderCut`.

    Attributes:
        at: Position of the next byte.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._data = bytearray()
        self.at = 0

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        self.skip(count)
        return bytes(self._data[self.at - count : self.at])

    def skip(self, count: int) -> None:
        """Pass over bytes."""
        end = self.at + count
        if end > MAX_HEADER_BYTES:
            raise ValueError(f"its head is larger than {MAX_HEADER_BYTES} bytes")
        while end > len(self._data):
            block = self._file.read(max(_BLOCK_BYTES, end - len(self._data)))
            if not block:
                raise HeaderCut(end - len(self._data))
            self._data += block
        self.at = end

    def unsigned(self, size: int) -> int:
        """Return the next number, of 4 or 8 bytes."""
        return int.from_bytes(self.take(size), "little")

    def text(self) -> str:
        """Return the next string."""
        return self.take(self._length()).decode("utf-8", "replace")

    def facts(self, count: int) -> dict[str, Scalar]:
        """Return the next facts, without lists and long texts."""
        found: dict[str, Scalar] = {}
        for _ in range(count):
            key = self.text()
            value = self._value(self.unsigned(4))
            if value is not None:
                found[key] = value
        return found

    def _value(self, kind: int) -> Scalar | None:
        if kind == _ARRAY:
            self._skip_array()
            return None
        if kind == _STRING:
            length = self._length()
            text = self.take(length)
            return text.decode("utf-8", "replace") if length <= _MAX_KEPT_BYTES else None
        number = _number(kind)
        value: Scalar = struct.unpack(number, self.take(struct.calcsize(number)))[0]
        return value

    def _skip_array(self) -> None:
        kind = self.unsigned(4)
        count = self.unsigned(8)
        if kind != _STRING:
            # No program writes lists of lists.
            self.skip(count * struct.calcsize(_number(kind)))
            return
        for _ in range(count):
            self.skip(self._length())

    def _length(self) -> int:
        self.skip(_LENGTH.size)
        (length,) = _LENGTH.unpack_from(self._data, self.at - _LENGTH.size)
        if length > MAX_STRING_BYTES:
            raise ValueError(f"a string of {length} bytes stands in its head")
        return int(length)


def _number(kind: int) -> str:
    if kind not in _NUMBERS:
        raise ValueError(f"a value in its head is of the unknown type {kind}")
    return _NUMBERS[kind]
