"""Open a model by what a user calls it: a name, a path, or an address."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import anyio
from anyio import to_thread

from agent._model import Model, ModelError

from ._catalog import DEFAULT_MODEL
from ._gguf import check_gguf
from ._library import find_library
from ._local import LocalModel, ModelSettings
from ._memory import check_memory
from ._stored import find_model
from .worker.room import room_tokens

#: Read for endpoints that ask for a key; a key is never an argument, where other users can see it.
KEY_VARIABLE = "ISORUN_MODEL_KEY"


class _Parts(NamedTuple):
    path: Path
    library: Path | None


@asynccontextmanager
async def open_model(
    spec: str | None = None,
    *,
    cache: Path,
    settings: ModelSettings | None = None,
    states: Path | None = None,
) -> AsyncGenerator[Model]:
    """Have a model until the block ends.

    A local one is loaded with its first request. Nothing is fetched and nothing is built.

    Args:
        spec: A name of `isorun model list`, the path of a GGUF file, or the address of an OpenAI-compatible
            endpoint on this machine, such as `http://127.0.0.1:8080/v1#name`. None takes the default.
        cache: Where pulled models and the library lie.
        settings: Of a local model.
        states: Folder for what a local model has read once; None takes one in the cache.

    Raises:
        ModelError: It is not there, is damaged, or is too large for this machine.
    """
    spec = spec or DEFAULT_MODEL
    settings = settings or ModelSettings()
    model: Model
    if spec.startswith(("http://", "https://")):
        from ._endpoint import (
            EndpointModel,
        )  # late: most models are files, and HTTP takes half a second to load

        model = EndpointModel(spec, key=os.environ.get(KEY_VARIABLE))
    else:
        parts = await to_thread.run_sync(_found, spec, cache, settings)
        model = LocalModel(
            parts.path,
            name=Path(spec).stem if spec.endswith(".gguf") else spec,
            library=parts.library,
            states=states or cache / "model-states",
            settings=settings,
        )
    try:
        yield model
    finally:
        with anyio.CancelScope(shield=True):
            await model.aclose()


def _found(spec: str, cache: Path, settings: ModelSettings) -> _Parts:
    """Find the parts of a local model, and see that they are whole and fit into memory."""
    path = find_model(spec, cache)
    facts = check_gguf(path)
    tokens = min(settings.context_tokens, facts.context_tokens or settings.context_tokens)
    if settings.gpu_layers == 0:
        check_memory(path, room_tokens(tokens) * facts.context_bytes_per_token)
    if settings.context_tokens < 512:
        raise ModelError(
            f"a context of {settings.context_tokens} tokens is too short for any question",
            hint="give at least 512",
        )
    return _Parts(path, find_library(cache))
