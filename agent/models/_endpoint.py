"""A model behind an OpenAI-compatible endpoint on this machine: llama-server, Ollama, vLLM and others.

Only this machine: what a user asks, and what is in his files, does not leave it.
"""

import ipaddress
import time
from collections.abc import AsyncGenerator
from typing import override
from urllib.parse import urlsplit

import httpx
import msgspec

from agent._model import Completion, Model, ModelError, Request

#: An endpoint that says nothing for so long has stalled. Reading a long prompt takes a while before that.
_CONNECT_SECONDS = 5.0
STALL_SECONDS = 120.0
_MAX_LINE = 1024 * 1024


class _Delta(msgspec.Struct, frozen=True):
    content: str | None = None


class _Choice(msgspec.Struct, frozen=True):
    delta: _Delta = _Delta()
    finish_reason: str | None = None


class _Usage(msgspec.Struct, frozen=True):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Chunk(msgspec.Struct, frozen=True):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: msgspec.Raw = msgspec.Raw()


_decoder = msgspec.json.Decoder(_Chunk)


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
        self.name = model or "default"
        self._url = _chat_url(base)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        timeout = httpx.Timeout(stall_seconds, connect=_CONNECT_SECONDS)
        # No proxy and no redirect: both could lead away from this machine.
        self._client = httpx.AsyncClient(
            headers=headers, timeout=timeout, trust_env=False, follow_redirects=False, transport=transport
        )

    @override
    async def complete(self, request: Request) -> AsyncGenerator[str | Completion]:
        answer = _Answer(request)
        try:
            async with self._client.stream("POST", self._url, json=_body(self.name, request)) as response:
                if response.status_code != 200:
                    raise await _refused(response)
                async for line in response.aiter_lines():
                    piece = answer.take(line)
                    if piece:
                        yield piece
                    if answer.is_over:
                        break
        except httpx.TimeoutException as error:
            raise ModelError(
                f"the endpoint {self._url} has said nothing for too long",
                hint="look whether its server is busy, or take a smaller model",
            ) from error
        except httpx.HTTPError as error:
            raise ModelError(
                f"the endpoint {self._url} cannot be asked: {error}", hint="start its server, or mend the address"
            ) from error
        yield answer.completion()

    @override
    async def aclose(self) -> None:
        await self._client.aclose()


class _Answer:
    """What has come of an answer. Stop strings are looked for here too: not every server knows them."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._began = time.monotonic()
        self._first: float | None = None
        self._text = ""
        self._usage = _Usage()
        self._pieces = 0
        self._finish: str | None = None
        self.is_over = False

    def take(self, line: str) -> str:
        """Read a line of the stream, and return the text in it."""
        if not line.startswith("data:"):
            return ""
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            self.is_over = True
            return ""
        chunk = _chunk(data)
        self._usage = chunk.usage or self._usage
        if not chunk.choices:
            return ""
        self._finish = chunk.choices[0].finish_reason or self._finish
        return self._grown(chunk.choices[0].delta.content or "")

    def _grown(self, piece: str) -> str:
        if not piece:
            return ""
        self._first = self._first or time.monotonic()
        self._pieces += 1
        before = len(self._text)
        self._text += piece
        if self._pieces >= self._request.max_tokens * 2:  # a server that ignores the limit
            self._finish, self.is_over = "length", True
        return self._text[before:]

    def completion(self) -> Completion:
        """Return what came, cut at the first stop string, or the word that was chosen."""
        now = time.monotonic()
        text = self._text
        if self._request.choices:
            text = _chosen(text, self._request.choices)
        return Completion(
            text=text,
            finish="choice" if self._request.choices else ("length" if self._finish == "length" else "stop"),
            prompt_tokens=self._usage.prompt_tokens,
            new_tokens=self._usage.completion_tokens or self._pieces,
            first_token_seconds=(self._first or now) - self._began,
            seconds=now - self._began,
        )


def _chunk(data: str) -> _Chunk:
    if len(data) > _MAX_LINE:
        raise ModelError("the endpoint sends lines without end", hint="is it an OpenAI-compatible server?")
    try:
        chunk = _decoder.decode(data)
    except msgspec.DecodeError as error:
        raise ModelError(
            f"the endpoint answers in another format: {error}", hint="is it an OpenAI-compatible server?"
        ) from error
    if chunk.error:
        raise ModelError(f"the endpoint reports: {bytes(chunk.error)[:300].decode('utf-8', 'replace')}")
    return chunk


def _chosen(text: str, choices: tuple[str, ...]) -> str:
    """Return the choice that is named first; the first one of all if none is."""
    places = [(text.casefold().find(choice.casefold()), choice) for choice in choices]
    named = [(at, choice) for at, choice in places if at >= 0]
    return min(named)[1] if named else choices[0]


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
    parts = urlsplit(base)
    host = parts.hostname or ""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost" or host.endswith(".localhost")
    if not local:
        raise ModelError(
            f"the endpoint {base} is not on this machine",
            hint="isorun asks only models on this machine: give an address such as http://127.0.0.1:8080/v1",
        )


async def _refused(response: httpx.Response) -> ModelError:
    """Say why the endpoint does not answer, in its own words."""
    text = ""
    async for part in response.aiter_text():
        text += part
        if len(text) > 500:
            break
    return ModelError(
        f"the endpoint answers {response.status_code}: {text[:300].strip()}",
        hint="look at the log of its server",
    )
