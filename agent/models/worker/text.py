"""From tokens to text, piece by piece: characters are whole, and a stop string is never passed on."""

import codecs
from collections.abc import Sequence


class Assembler:
    """Puts an answer together. What could be the beginning of a stop string is held back."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = [text for text in stop if text]
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self.text = ""
        self.stopped = False

    def feed(self, data: bytes, *, final: bool = False) -> str:
        """Return the characters that are certain now; `stopped` says that a stop string was found."""
        if self.stopped:
            return ""
        self._held += self._decoder.decode(data, final)
        found = [at for at in map(self._held.find, self._stop) if at >= 0]
        if found:
            self.stopped = True
            return self._release(min(found))
        return self._release(len(self._held) - (0 if final else self._begun()))

    def _begun(self) -> int:
        """How many characters at the end may be the beginning of a stop string."""
        longest = max(map(len, self._stop), default=1) - 1
        for length in range(min(longest, len(self._held)), 0, -1):
            if any(stop.startswith(self._held[-length:]) for stop in self._stop):
                return length
        return 0

    def _release(self, count: int) -> str:
        piece, self._held = self._held[:count], self._held[count:]
        self.text += piece
        return piece
