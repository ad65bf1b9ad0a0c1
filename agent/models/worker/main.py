"""The loop of the model process: take a request from the socket, answer it, take the next.

A frame is four bytes of length and as many of JSON. The process ends when the socket is closed.
"""

import json
import select
import socket
import struct
from typing import Any

from .answer import Answer, Asked
from .llama import ContextFullError, Llama, LoadError, Settings

_LENGTH = struct.Struct(">I")


def main(descriptor: int) -> None:
    """Serve requests from a socket until it is closed."""
    with socket.socket(fileno=descriptor) as connection:
        Server(connection).serve()


class Server:
    """Holds the model and the socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._llama: Llama | None = None
        self._waiting: list[dict[str, Any]] = []
        self._cancelled = 0
        # Not `select.select`: the descriptor's number comes from the engine, which may have thousands.
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)

    def serve(self) -> None:
        """Answer until nobody is there any more."""
        while (message := self._next()) is not None:
            match message["kind"]:
                case "load":
                    self._load(message["settings"])
                case "complete":
                    self._complete(message["number"], Asked(**message["asked"]))

    def _load(self, settings: dict[str, Any]) -> None:
        try:
            self._llama = Llama(Settings(**settings))
        except LoadError as error:
            self._send({"kind": "failed", "number": 0, "error": str(error), "why": "load"})
            return
        self._send({"kind": "ready", "context_tokens": self._llama.context_tokens})

    def _complete(self, number: int, asked: Asked) -> None:
        if self._llama is None:
            self._send({"kind": "failed", "number": number, "error": "no model is loaded", "why": "load"})
            return
        answer = Answer(self._llama, asked, lambda: not self._is_cancelled(number))
        try:
            for text in answer.pieces():
                if text:
                    self._send({"kind": "piece", "number": number, "text": text})
        except (ContextFullError, LoadError) as error:
            why = "context" if isinstance(error, ContextFullError) else "load"
            self._send({"kind": "failed", "number": number, "error": str(error), "why": why})
            return
        self._send({"kind": "done", "number": number, "completion": answer.summary()})

    def _is_cancelled(self, number: int) -> bool:
        """Look, without waiting, whether the client has taken its request back."""
        while self._cancelled != number and self._poll.poll(0):
            message = self._receive()
            if message is None:  # the client has gone, so nobody wants any answer
                self._cancelled = number
            elif message["kind"] == "cancel":
                self._cancelled = message["number"]
            else:
                self._waiting.append(message)
        return self._cancelled == number

    def _next(self) -> dict[str, Any] | None:
        return self._waiting.pop(0) if self._waiting else self._receive()

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
