"""Tar streams: made in memory for a container, and read as they come out of one, never extracted.

What comes out was written by a program that we do not trust: every number is checked, content is kept up to
a bound, and a name is text, never a path that anything is done with.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

_BLOCK = 512
_NAME_BYTES = 100
#: Of a long name, and of the records that carry one.
_MAX_EXTRA = 64 * 1024
#: Of the records, those that matter here; and what one's length may take.
_OVERRIDES = ("path", "linkpath", "size")
_LENGTH_DIGITS = 12
#: What an archive may claim for one entry: sizes beyond have no meaning here.
_MAX_SIZE = 1 << 50


#: A file of 64 MiB has no more, if each of its pages is a piece.
_MAX_PIECES = 16_384


class TarError(ValueError):
    """The bytes are no tar archive."""


class Entry(NamedTuple):
    """A file or folder to write.

    Attributes:
        name: Relative.
        data: Content; None for a folder.
        mode: Permission bits.
    """

    name: str
    data: bytes | None
    mode: int


def archive(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Yield the pieces of an archive with these entries. Owner and times are left to who unpacks it."""
    for entry in entries:
        name = entry.name.encode("utf-8", "surrogateescape")
        if len(name) > _NAME_BYTES:
            yield from _piece(b"././@LongLink", b"L", 0o600, name + b"\0")
        yield from _piece(name[:_NAME_BYTES], b"5" if entry.data is None else b"0", entry.mode, entry.data)
    yield bytes(2 * _BLOCK)


def _piece(name: bytes, kind: bytes, mode: int, data: bytes | None) -> Iterator[bytes]:
    content = data or b""
    yield _header(name, kind, mode, len(content))
    if content:
        yield content
        yield bytes(-len(content) % _BLOCK)


def _header(name: bytes, kind: bytes, mode: int, size: int) -> bytes:
    fields = (
        name.ljust(_NAME_BYTES, b"\0"),
        b"%07o\0" % mode,
        b"0000000\0" * 2,  # owner
        _size(size),
        b"%011o\0" % 1,  # 0 would make some tools warn
        b"        ",  # the checksum counts as blanks
        kind,
        bytes(_NAME_BYTES),
        b"ustar  \0",
    )
    header = b"".join(fields).ljust(_BLOCK, b"\0")
    return header[:148] + b"%06o\0 " % sum(header) + header[156:]


def _size(size: int) -> bytes:
    if size < 8**11:
        return b"%011o\0" % size
    return b"\x80" + size.to_bytes(11, "big")


class Member(NamedTuple):
    """An entry of an archive that is read.

    Attributes:
        name: As the archive has it.
        kind: `"file"`, `"folder"`, `"symbolic link"`, `"hard link"` or `"not a regular file"`.
        size: Of the content, in bytes.
        stored: Bytes of it in the archive, which are fewer if it has holes.
        target: Of a link.
    """

    name: bytes
    kind: str
    size: int
    stored: int
    target: bytes = b""


#: A file with holes, in GNU's own format: where its pieces lie stands in the header.
_SPARSE = b"S"
_KINDS = {
    b"0": "file",
    b"\0": "file",
    b"7": "file",
    _SPARSE: "file",
    b"1": "hard link",
    b"2": "symbolic link",
    b"5": "folder",
}


class TarReader:
    """Reads an archive as its bytes come.

    Args:
        wanted: Called with each member; whether its content is to be kept.
        done: Called when a member is complete: with its content, or None if that was not wanted.
    """

    def __init__(
        self, wanted: Callable[[Member], bool], done: Callable[[Member, bytes | None], None]
    ) -> None:
        self._wanted = wanted
        self._done = done
        self._buffer = bytearray()
        self._member: Member | None = None
        self._kept: bytearray | None = None
        self._holes: _Holes | None = None
        self._left = 0
        self._padding = 0
        self._extra: bytes | None = None
        self._overrides: dict[str, bytes] = {}
        self.is_complete = False

    def feed(self, data: bytes) -> None:
        """Take bytes; what follows the end of the archive is ignored.

        Raises:
            TarError: They are no archive.
        """
        view = memoryview(data)
        while view and not self.is_complete:
            if self._has_more_pieces or not (self._left or self._padding):
                view = self._header(view)
            elif self._left:
                view = self._content(view)
            else:
                skipped = min(self._padding, len(view))
                self._padding -= skipped
                view = view[skipped:]

    def _header(self, view: memoryview) -> memoryview:
        missing = _BLOCK - len(self._buffer)
        self._buffer += view[:missing]
        if len(self._buffer) == _BLOCK:
            block, self._buffer = bytes(self._buffer), bytearray()
            self._take(block)
        return view[missing:]

    def _content(self, view: memoryview) -> memoryview:
        piece = view[: self._left]
        if self._kept is not None:
            self._kept += piece
        self._left -= len(piece)
        if not self._left:
            self._finish()
        return view[len(piece) :]

    def _take(self, block: bytes) -> None:
        if self._holes is None or not self._holes.has_more:
            self._begin(block)
        else:
            self._holes.extend(block)
        if self._is_open and not self._left and not self._has_more_pieces:
            self._finish()

    @property
    def _has_more_pieces(self) -> bool:
        return self._holes is not None and self._holes.has_more

    @property
    def _is_open(self) -> bool:
        """Whether an entry has begun that is not finished."""
        return self._member is not None or self._extra is not None

    def _begin(self, block: bytes) -> None:
        if not any(block):
            self.is_complete = True
            return
        if _number(block[148:156]) != sum(block) - sum(block[148:156]) + 8 * 0x20:
            raise TarError("a checksum is wrong")
        kind, size = block[156:157], _number(block[124:136])
        if kind in (b"L", b"K", b"x", b"g"):
            if size > _MAX_EXTRA:
                raise TarError("a name is too long")
            self._extra, self._kept = kind, bytearray()
        else:
            size = self._start_member(block, kind, size)
        self._left, self._padding = size, -size % _BLOCK

    def _start_member(self, block: bytes, kind: bytes, size: int) -> int:
        overrides, self._overrides = self._overrides, {}
        name = overrides.get("path") or _joined(block)
        target = overrides.get("linkpath") or _text(block[157:257])
        what = _KINDS.get(kind, "not a regular file")
        if "size" in overrides:
            size = _decimal(overrides["size"])
        _bounded(size)
        if what not in ("file", "not a regular file"):
            size = 0
        self._holes = _Holes(block) if kind == _SPARSE else None
        whole = size if self._holes is None else self._holes.size
        self._member = Member(name, what, whole, size, target)
        self._kept = bytearray() if self._wanted(self._member) else None
        return size

    def _finish(self) -> None:
        content = None if self._kept is None else bytes(self._kept)
        extra, self._extra, self._kept = self._extra, None, None
        if extra is not None:
            self._override(extra, content or b"")
        elif self._member is not None:
            member, self._member = self._member, None
            if self._holes is not None and content is not None:
                content = self._holes.filled(content)
            self._done(member, content)

    def _override(self, kind: bytes, content: bytes) -> None:
        if kind == b"L":
            self._overrides["path"] = _text(content)
        elif kind == b"K":
            self._overrides["linkpath"] = _text(content)
        elif kind == b"x":
            self._overrides.update((key, value) for key, value in _records(content) if key in _OVERRIDES)


class _Holes:
    """Where the pieces of a file with holes lie: four in its header, more in blocks that follow it."""

    def __init__(self, header: bytes) -> None:
        self.size = _bounded(_number(header[483:495]))
        self.has_more = bool(header[482])
        self._pieces: list[tuple[int, int]] = []
        self._add(header[386:482])

    def extend(self, block: bytes) -> None:
        """Take a block with more pieces."""
        self.has_more = bool(block[504])
        self._add(block[:504])

    def filled(self, content: bytes) -> bytes:
        """Return the whole file. Asked only when that is not too large."""
        whole, at = bytearray(self.size), 0
        for offset, size in self._pieces:
            piece = content[at : at + size]
            if offset + len(piece) > self.size:
                raise TarError("a piece lies outside of its file")
            whole[offset : offset + len(piece)] = piece
            at += size
        return bytes(whole)

    def _add(self, fields: bytes) -> None:
        for at in range(0, len(fields) - 23, 24):
            entry = fields[at : at + 24]
            if not entry[0] and not entry[12]:
                return
            self._pieces.append((_bounded(_number(entry[:12])), _bounded(_number(entry[12:]))))
        if len(self._pieces) > _MAX_PIECES:
            raise TarError("a file has too many holes")


def _bounded(size: int) -> int:
    if size > _MAX_SIZE:
        raise TarError("a size has no meaning")
    return size


def _joined(block: bytes) -> bytes:
    name, prefix = _text(block[:100]), _text(block[345:500])
    # GNU's own format keeps times where POSIX has the prefix.
    is_posix = block[257:263] == b"ustar\0"
    return prefix + b"/" + name if prefix and is_posix else name


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _number(field: bytes) -> int:
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    digits = field.strip(b" \0")
    if digits.translate(None, b"01234567"):
        raise TarError("a number is malformed")
    return int(digits or b"0", 8)


def _decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) > 20:
        raise TarError("a size is malformed")
    return int(text)


def _records(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the records of a POSIX header: `LENGTH KEY=VALUE`, with a line feed after each."""
    at = 0
    while at < len(content):
        blank = content.find(b" ", at, at + _LENGTH_DIGITS)
        size = _decimal(content[at:blank]) if blank > at else 0
        record = content[blank + 1 : at + size]
        key, equals, value = record.partition(b"=")
        if not equals or not record.endswith(b"\n"):
            raise TarError("a record is malformed")
        yield key.decode("utf-8", "replace"), value[:-1]
        at += size
