"""A model for tests: it says what it was told to say, and remembers what it was asked."""

from collections.abc import AsyncGenerator, Callable, Iterable
from typing import override

import anyio
from anyio.lowlevel import checkpoint

from ._model import Completion, Finish, Model, Request

type Reply = str | Completion | Exception | Callable[[Request], str]
"""What a scripted model answers: a text, a whole completion, an error that it raises, or a function."""


class ScriptedModel(Model):
    """Gives one reply after the other, whatever it is asked.

        model = ScriptedModel(["print(1)", "print(2)"])

    Attributes:
        requests: What it was asked, in order.
        stalled: Set when it waits for ever, because a reply was None.
        left: How many answers were left before their end, by closing or cancellation.
    """

    def __init__(self, replies: Iterable[Reply | None], *, name: str = "scripted") -> None:
        self.name = name
        self.context_tokens = 4096
        self._replies = list(replies)
        self.requests: list[Request] = []
        self.stalled = anyio.Event()
        self.left = 0

    @override
    async def complete(self, request: Request) -> AsyncGenerator[str | Completion]:
        self.requests.append(request)
        if not self._replies:
            asked = request.messages[-1].text[:200]
            raise AssertionError(f"the script is over, and the model is asked: {asked}")
        reply = self._replies.pop(0)
        await checkpoint()
        if isinstance(reply, Exception):
            raise reply
        is_whole = False
        try:
            if reply is None:
                self.stalled.set()
                await anyio.sleep_forever()
            completion = reply if isinstance(reply, Completion) else _completion(reply, request)
            for piece in _pieces(completion.text):
                await checkpoint()
                yield piece
            is_whole = True
            yield completion
        finally:
            self.left += not is_whole

    @property
    def is_finished(self) -> bool:
        """Whether every reply has been asked for."""
        return not self._replies


def _completion(reply: str | Callable[[Request], str] | None, request: Request) -> Completion:
    text = reply(request) if callable(reply) else str(reply)
    finish: Finish = "choice" if request.choices else "stop"
    return Completion(text=text, finish=finish, prompt_tokens=10, new_tokens=max(1, len(text.split())))


def _pieces(text: str) -> list[str]:
    """Cut a text after its line ends, as a model does now and then."""
    return text.splitlines(keepends=True)
