"""Requests that a client has sent and that are not answered."""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio

from engine._exceptions import BackgroundError
from engine._program import Output
from engine._runtime import Emit

from ._messages import AnyAnswer, Wrote

#: What to do about an engine that is not there.
START = "`isorun up` starts one"


class Call:
    """One request.

    Attributes:
        id: Its number.
        dispatched: Whether the engine may have begun to run a program for it.
        ended: Set when there is an outcome.
        answered: Set when the engine has nothing more to say about it.
    """

    def __init__(self, number: int, emit: Emit | None) -> None:
        self.id = number
        self.dispatched = False
        self.ended = anyio.Event()
        self.answered = anyio.Event()
        self._emit = emit
        self._answer: AnyAnswer | None = None
        self._failure: Exception | None = None

    def take(self, answer: AnyAnswer) -> None:
        """Take what the engine says about it."""
        if not isinstance(answer, Wrote):
            self._answer = answer
            self.ended.set()
            self.answered.set()
        elif self._emit is not None:
            try:
                self._emit(Output(stream=answer.stream, data=answer.data))
            except Exception as error:  # the caller's own, who gets it back; other calls go on
                self._emit = None
                self._failure = error
                self.ended.set()

    def lose(self, reason: str) -> None:
        """Give it up: there will be no answer."""
        if not self.answered.is_set():
            self._failure = self._failure or BackgroundError(reason, hint=START, dispatched=self.dispatched)
            self.ended.set()
            self.answered.set()

    def outcome(self) -> AnyAnswer:
        """Return the answer, or raise what there is instead."""
        if self._failure is not None:
            raise self._failure
        assert self._answer is not None, "it has ended"  # noqa: S101
        return self._answer


class Calls:
    """The calls of one client, by number."""

    def __init__(self) -> None:
        self._calls: dict[int, Call] = {}
        self._last_number = 0

    @contextmanager
    def open(self, emit: Emit | None) -> Iterator[Call]:
        """Keep a call until the end of the block."""
        self._last_number += 1
        call = self._calls[self._last_number] = Call(self._last_number, emit)
        try:
            yield call
        finally:
            del self._calls[call.id]

    def take(self, answer: AnyAnswer) -> None:
        """Pass an answer on; one that nobody waits for any more is left."""
        call = self._calls.get(answer.id)
        if call is not None:
            call.take(answer)

    def lose(self, reason: str) -> None:
        """Give all of them up."""
        for call in self._calls.values():
            call.lose(reason)
