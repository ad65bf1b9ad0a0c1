"""A server on this machine that answers as endpoints of models do, or worse."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import NamedTuple


class Asked(NamedTuple):
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, object]


class Caller:
    """One who has asked: the headers of an answer have been sent, and its body is up to the test.

    Attributes:
        asked: What was asked.
    """

    def __init__(self, handler: BaseHTTPRequestHandler, asked: Asked, closing: Event) -> None:
        self._handler = handler
        self._closing = closing
        self.asked = asked

    def begin(self, status: int = 200, **headers: str) -> None:
        """Send the head of an answer; the connection ends it."""
        self._handler.send_response(status)
        for name, value in headers.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()

    def send(self, data: bytes) -> None:
        """Send a part of the body."""
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def stall(self) -> None:
        """Say nothing more until the test is over."""
        self._closing.wait(30)


class Server(NamedTuple):
    """A server that runs.

    Attributes:
        address: Of the endpoint.
        asked: All requests so far.
    """

    address: str
    asked: list[Asked]


@contextmanager
def serve(behaviour: Callable[[Caller], None]) -> Iterator[Server]:
    """Run a server until the block ends."""
    closing = Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            asked = Asked(self.path, dict(self.headers), json.loads(self.rfile.read(length)))
            server.asked.append(asked)
            try:
                behaviour(Caller(self, asked, closing))
            except ConnectionError:
                return  # the client has enough

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{http.server_port}/v1#tiny", [])
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        closing.set()
        http.shutdown()
        thread.join()
        http.server_close()


def event(**fields: object) -> bytes:
    """Return one event of a stream."""
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def piece(text: str) -> bytes:
    """Return the event of a piece of text."""
    return event(choices=[{"index": 0, "delta": {"content": text}, "finish_reason": None}])


def end(reason: str = "stop") -> bytes:
    """Return the event that ends an answer."""
    return event(choices=[{"index": 0, "delta": {}, "finish_reason": reason}], usage=None)


DONE = b"data: [DONE]\n\n"


def saying(*pieces: str, reason: str = "stop") -> Callable[[Caller], None]:
    """Answer always the same, as servers do."""

    def behaviour(caller: Caller) -> None:
        caller.begin(Content_Type="text/event-stream")
        caller.send(event(choices=[{"index": 0, "delta": {"role": "assistant", "content": None}}]))
        for text in pieces:
            caller.send(piece(text))
        caller.send(end(reason))
        caller.send(event(choices=[], usage={"prompt_tokens": 9, "completion_tokens": len(pieces)}))
        caller.send(DONE)

    return behaviour


def sending(*parts: bytes, status: int = 200, **headers: str) -> Callable[[Caller], None]:
    """Answer with these bytes."""

    def behaviour(caller: Caller) -> None:
        caller.begin(status, **headers)
        for part in parts:
            caller.send(part)

    return behaviour
