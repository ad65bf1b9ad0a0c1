"""The two layers of what comes from a container's streams.

Outside: the daemon's frames, of which each says whether its bytes come from stdout or stderr. Inside: lines
of the supervisor, which begin with a mark drawn for this run, with the program's output between them, and on
stdout an archive of its files after the last.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

#: One byte says which stream, three are unused, four hold the length.
_HEADER = 8
_STDERR = 2
#: Of a line of the supervisor, beside the mark.
_MAX_LINE = 500


class Frames:
    """Cuts a connection's bytes into pieces of stdout and stderr. Nothing is held back."""

    def __init__(self) -> None:
        self._header = bytearray()
        self._left = 0

    def feed(self, data: bytes) -> Iterator[tuple[Literal["stdout", "stderr"], bytes]]:
        """Take bytes; yield what they say, in order."""
        while data:
            if not self._left:
                missing = _HEADER - len(self._header)
                self._header += data[:missing]
                data = data[missing:]
                if len(self._header) < _HEADER:
                    return
                self._left = int.from_bytes(self._header[4:], "big")
                self._stream = self._header[0]
                self._header.clear()
                continue
            piece, data = data[: self._left], data[self._left :]
            self._left -= len(piece)
            yield ("stderr" if self._stream == _STDERR else "stdout"), piece


class Word(NamedTuple):
    """A line of the supervisor, without its mark."""

    kind: str
    rest: tuple[str, ...]


#: What the supervisor may say on stdout, after what; and on stderr, when the program is over.
ON_STDOUT = {"": ("begun", "missing"), "begun": ("ended",), "missing": (), "ended": ()}
ON_STDERR = {"": ("over",), "over": ()}


class Dialogue:
    """What the supervisor says on a stream, and the program's output in between.

    The program can find the mark and say the same. It can lie about its own files and the code that it exits
    with, which it may choose anyway.

    Args:
        mark: Of this run.
        say: Called with each line of the supervisor.
        output: Called with output of the program.
        archive: Called with bytes of the archive, which follows `ended`.
        turns: What may be said after what.
    """

    def __init__(
        self,
        mark: bytes,
        say: Callable[[Word], None],
        output: Callable[[bytes], None],
        archive: Callable[[bytes], None],
        turns: Mapping[str, tuple[str, ...]] = ON_STDOUT,
    ) -> None:
        self._turns = turns
        self._mark = mark
        self._say = say
        self._output = output
        self._archive = archive
        self._held = b""
        self._last = ""

    def feed(self, data: bytes) -> None:
        """Take bytes of the stream."""
        data, self._held = self._held + data, b""
        here = 0
        while here < len(data) and self._last != "ended":
            here = self._one_step(data, here)
        if here < len(data):
            self._archive(data[here:])

    def _one_step(self, data: bytes, here: int) -> int:
        """Take output up to the next mark, or the line that begins with it; return where to go on."""
        at = data.find(self._mark, here)
        if at < 0:
            kept = _overlap(data[max(here, len(data) - len(self._mark)) :], self._mark)
            self._pass(data[here : len(data) - kept])
            self._held = data[len(data) - kept :]
            return len(data)
        self._pass(data[here:at])
        behind = at + len(self._mark)
        end = data.find(b"\n", behind, behind + _MAX_LINE) + 1
        if end:
            self._take(data[at:end])
            return end
        if len(data) < behind + _MAX_LINE:
            self._held = data[at:]
            return len(data)
        self._pass(data[at:behind])  # no line of the supervisor's is so long
        return behind

    def end(self) -> None:
        """Take note that nothing more comes: what was held back is output after all."""
        held, self._held = self._held, b""
        self._pass(held)

    def _take(self, line: bytes) -> None:
        """Take a line that begins with the mark; what the supervisor would not say now is output."""
        kind, *rest = line[len(self._mark) :].decode("utf-8", "replace").split() or [""]
        if kind not in self._turns[self._last]:
            self._pass(line)
            return
        self._last = kind
        self._say(Word(kind, tuple(rest)))

    def _pass(self, data: bytes) -> None:
        if data:
            self._output(data)


def _overlap(data: bytes, mark: bytes) -> int:
    """Return how many bytes at the end of `data` may be the beginning of the mark."""
    for size in range(min(len(mark) - 1, len(data)), 0, -1):
        if data.endswith(mark[:size]):
            return size
    return 0
