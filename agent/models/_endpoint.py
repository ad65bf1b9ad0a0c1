"""A model behind an OpenAI-compatible endpoint on this machine: llama-server, Ollama, vLLM and others.

Only this machine: what a user asks, and what is in his files, does not leave it.
"""

import ipaddress
from collections.abc import AsyncGenerator
from typing import override

import httpx

from agent._model import Completion, Model, ModelError, Request

from ._endpoint_answer import Answer, words_of

_CONNECT_SECONDS = 5.0
#: An endpoint that says nothing for so long has stalled. Reading a long prompt takes a while before that.
STALL_SECONDS = 120.0
_MAX_REFUSAL_BYTES = 4096


class EndpointModel(Model):
    """Asks an endpoint. Its server keeps what it has read, so beginnings that are alike are cheap there too.

    Args:
        address: Such as `http://127.0.0.1:8080/v1`, with `#name` for the name of the model.
        key: Sent as a bearer token if the server asks for one.
        stall_seconds: How long it may say nothing.
        transport: For tests.

    Raises:
        ModelError: The address is none, or is not on this machine.
    """

    def __init__(
        self,
        address: str,
        *,
        key: str | None = None,
        stall_seconds: float = STALL_SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        base, _, model = address.partition("#")
        _require_this_machine(base)
        self.can_continue = False
        self.name = model or "default"
        self._url = _chat_url(base)
        self._key = key
        # What is packed has no size that could be bounded before it is unpacked.
        headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {key}"} if key else {})
        timeout = httpx.Timeout(stall_seconds, connect=_CONNECT_SECONDS)
        # No proxy and no redirect: both could lead away from this machine.
        self._client = httpx.AsyncClient(
            headers=headers, timeout=timeout, trust_env=False, follow_redirects=False, transport=transport
        )

    @override
    async def complete(self, request: Request) -> AsyncGenerator[str | Completion]:
        answer = Answer(request, self._key)
        try:
            async with self._client.stream("POST", self._url, json=_body(self.name, request)) as response:
                if response.status_code != httpx.codes.OK:
                    raise await self._refused(response)
                async for part in response.aiter_raw():
                    if piece := answer.feed(part):
                        yield piece
                    if answer.is_over:
                        break
        except httpx.HTTPError as error:
            if not answer.is_whole:
                raise self._failed(error) from error
        if not answer.is_whole:
            raise ModelError(
                f"the endpoint {self._url} ended in the middle of its answer",
                hint="look at the log of its server",
            )
        if piece := answer.end():
            yield piece
        yield answer.completion()

    def _failed(self, error: httpx.HTTPError) -> ModelError:
        if isinstance(error, httpx.TimeoutException):
            return ModelError(
                f"the endpoint {self._url} has said nothing for too long",
                hint="look whether its server is busy, or take a smaller model",
            )
        return ModelError(
            f"the endpoint {self._url} cannot be asked: {error}",
            hint="start its server, or mend the address",
        )

    async def _refused(self, response: httpx.Response) -> ModelError:
        """Say why the endpoint does not answer, in its own words."""
        data = b""
        async for part in response.aiter_raw():
            data += part
            if len(data) > _MAX_REFUSAL_BYTES:
                break
        return ModelError(
            f"the endpoint answers {response.status_code}: {words_of(data, self._key)}",
            hint="look at the log of its server",
        )

    @override
    async def aclose(self) -> None:
        await self._client.aclose()


def _body(model: str, request: Request) -> dict[str, object]:
    """Return the request as the endpoint wants it. It cannot be given the beginning of the answer."""
    body: dict[str, object] = {
        "model": model,
        "messages": [{"role": message.role, "content": message.text} for message in request.messages],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "seed": request.seed,
        "stream": True,
        "stream_options": {"include_usage": True},
        "cache_prompt": True,
    }
    # A stop string that opens a block would end the answer before the program.
    stop = [] if request.opening else list(request.stop)
    return {**body, "stop": stop} if stop else body


def _chat_url(base: str) -> str:
    base = base.rstrip("/")
    if base.endswith("/chat/completions"):
        return base
    return f"{base}/chat/completions" if base.endswith("/v1") else f"{base}/v1/chat/completions"


def _require_this_machine(base: str) -> None:
    """Look at an address with the eyes of who connects to it."""
    hint = "isorun asks only models on this machine: give an address such as http://127.0.0.1:8080/v1"
    try:
        url = httpx.URL(base)
    except httpx.InvalidURL as error:
        raise ModelError(f"the address of the endpoint is none: {error}", hint=hint) from error
    if not _is_local(url.host):
        raise ModelError(f"the endpoint on `{url.host}` is not on this machine", hint=hint)
    if url.userinfo:
        raise ModelError("a key does not belong into an address", hint="give it in `ISORUN_MODEL_KEY`")


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # another name, wherever it may lead
        return False
