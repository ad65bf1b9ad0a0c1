"""The loop of the model process: take requests from the socket, and answer them side by side.

A frame is four bytes of length and as many of JSON. The process ends when the socket is closed.
"""

import json
import select
import socket
import struct
from collections import deque
from functools import partial
from typing import Any

from .answer import MOST_GUESSED, Answer, Asked
from .llama import ContextFullError, Llama, LoadError, Part, Settings, Slot
from .lookup import most_guessed

_LENGTH = struct.Struct(">I")


def main(descriptor: int) -> None:
    """Serve requests from a socket until it is closed."""
    with socket.socket(fileno=descriptor) as connection:
        Server(connection).serve()


class Server:
    """Holds the model and the socket, and takes all answers further at once."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._llama: Llama | None = None
        self._waiting: deque[tuple[int, Answer]] = deque()
        self._answers: dict[int, Answer] = {}
        self._cancelled: set[int] = set()
        self._is_open = True
        self._given = 0
        # Not `select.select`: the descriptor's number comes from the engine, which may have thousands.
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)

    def serve(self) -> None:
        """Answer until nobody is there any more."""
        while self._is_open:
            self._listen(wait=not self._answers and not self._waiting)
            self._end_unwanted()
            while self._waiting and self._begin():
                pass
            if self._answers:
                self._step()

    # Requests

    def _listen(self, *, wait: bool) -> None:
        """Take what has come; with `wait`, wait for it."""
        while self._is_open and (wait or self._poll.poll(0)):
            wait = False
            message = self._receive()
            if message is None:  # the client has gone, so nobody wants any answer
                self._is_open = False
            else:
                self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        match message["kind"]:
            case "load":
                self._load(message["settings"])
            case "complete":
                self._ask(message["number"], Asked(**message["asked"]))
            case "cancel":
                self._cancelled.add(message["number"])

    def _load(self, settings: dict[str, Any]) -> None:
        try:
            self._llama = Llama(Settings(**settings))
        except LoadError as error:
            self._fail(0, error)
            return
        self._send({"kind": "ready", "context_tokens": self._llama.context_tokens})

    def _ask(self, number: int, asked: Asked) -> None:
        try:
            if self._llama is None:
                raise LoadError("no model is loaded")
            self._waiting.append((number, Answer(self._llama, asked)))
        except (ContextFullError, LoadError) as error:
            self._fail(number, error)

    # Answers

    def _begin(self) -> bool:
        """Begin the answer that has waited longest, if there is a slot and room for it."""
        number, answer = self._waiting[0]
        slot = self._slot(answer)
        if slot is None:
            return False
        self._waiting.popleft()
        self._answers[number] = answer
        self._given += 1
        slot.used = self._given
        try:
            self._piece(number, answer.begin(slot, lambda: self._is_wanted(number)))
        except ContextFullError as error:
            del self._answers[number]
            self._fail(number, error)
        self._end_finished()
        return True

    def _slot(self, answer: Answer) -> Slot | None:
        """Return a free slot, the one that knows most of the request, having made room for it."""
        llama = self._model
        taken = [other.slot for other in self._answers.values()]
        free = [slot for slot in llama.slots if slot not in taken]
        reserved = sum(other.needed_tokens for other in self._answers.values())
        if not free or reserved + answer.needed_tokens > llama.room_tokens:
            return None
        slot = max(free, key=lambda one: (llama.common(one, answer.prompt), -one.used))
        # What free slots still know goes, the oldest first, as far as its room is needed.
        for other in sorted(free, key=lambda one: one.used):
            known = sum(len(one.tokens) for one in free if one is not slot)
            if other is not slot and reserved + answer.needed_tokens + known > llama.room_tokens:
                llama.forget(other, 0)
        return slot

    @property
    def _model(self) -> Llama:
        assert self._llama is not None  # noqa: S101 (who asks has an answer, and that has a model)
        return self._llama

    def _step(self) -> None:
        """Take every answer further by a token, or by several where they are guessed."""
        numbers, parts = [], []
        guesses = most_guessed(len(self._answers), MOST_GUESSED)
        for number, answer in self._answers.items():
            piece, tokens = answer.pending(guesses)
            guesses -= max(len(tokens) - 1, 0)
            self._piece(number, piece)
            if tokens and answer.slot is not None:
                numbers.append(number)
                parts.append(Part(answer.slot, tokens))
        if parts:
            self._advance(numbers, self._model.step(parts))
        self._end_finished()

    def _advance(self, numbers: list[int], offsets: list[int]) -> None:
        for number, offset in zip(numbers, offsets, strict=True):
            logits = partial(self._logits, offset)
            self._piece(number, self._answers[number].advance(logits))

    def _logits(self, offset: int, index: int) -> Any:
        return self._model.logits(offset + index)

    def _end_unwanted(self) -> None:
        """End what was taken back, also if it has not begun."""
        for number in self._cancelled & self._answers.keys():
            self._answers[number].cancel()
        self._end_finished()
        for number, answer in [entry for entry in self._waiting if entry[0] in self._cancelled]:
            self._waiting.remove((number, answer))
            answer.cancel()
            self._done(number, answer)
        self._cancelled.clear()

    def _end_finished(self) -> None:
        for number in [number for number, answer in self._answers.items() if answer.finish is not None]:
            self._done(number, self._answers.pop(number))

    def _done(self, number: int, answer: Answer) -> None:
        self._send({"kind": "done", "number": number, "completion": answer.summary()})

    def _is_wanted(self, number: int) -> bool:
        """Look, without waiting, whether the client has taken its request back."""
        self._listen(wait=False)
        return self._is_open and number not in self._cancelled

    # The socket

    def _piece(self, number: int, text: str) -> None:
        if text:
            self._send({"kind": "piece", "number": number, "text": text})

    def _fail(self, number: int, error: Exception) -> None:
        why = "context" if isinstance(error, ContextFullError) else "load"
        self._send({"kind": "failed", "number": number, "error": str(error), "why": why})

    def _receive(self) -> dict[str, Any] | None:
        header = self._exactly(_LENGTH.size)
        data = None if header is None else self._exactly(_LENGTH.unpack(header)[0])
        return None if data is None else json.loads(data)

    def _exactly(self, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            more = self._connection.recv(size - len(data))
            if not more:
                return None
            data += more
        return data

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode()
        self._connection.sendall(_LENGTH.pack(len(data)) + data)
