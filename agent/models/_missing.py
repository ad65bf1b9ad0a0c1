"""A model that is not there, for tasks that may do without one."""

from collections.abc import AsyncGenerator
from typing import override

from agent._model import Completion, Model, ModelError, Request


class MissingModel(Model):
    """Says why there is no model as soon as it is asked anything.

    Args:
        error: Why.
    """

    def __init__(self, error: ModelError) -> None:
        self.name = "none"
        self._error = error

    @override
    async def complete(self, request: Request) -> AsyncGenerator[str | Completion]:
        raise self._error
        yield  # a generator, though one that never gets here
