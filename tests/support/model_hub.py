"""A hub of models on this machine, whose answers a test chooses; and packages that hold models."""

import hashlib
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from agent.models._catalog import CatalogModel, Packages

FILE = "tiny-q4.gguf"


class Answer(NamedTuple):
    """What the hub answers; the connection ends behind the body, whatever the headers promise."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


#: From the path and the first byte that is asked for, None without a range, to the answer.
type Behaviour = Callable[[str, int | None], Answer]


class Hub(NamedTuple):
    """A hub that runs.

    Attributes:
        asked: First byte of each request, None without a range.
    """

    url: str
    asked: list[int | None]


def giving(content: bytes, *, at_most: int | None = None) -> Behaviour:
    """Give what is asked for, and cut the line after so many bytes."""

    def answer(path: str, first: int | None) -> Answer:
        rest = content[first or 0 :]
        headers = {"Content-Length": str(len(rest))}
        if first is not None:
            headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        return Answer(200 if first is None else 206, headers, rest[:at_most])

    return answer


@contextmanager
def serve(behaviour: Behaviour) -> Iterator[Hub]:
    """Run a hub until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            first = None if match is None else int(match[1])
            hub.asked.append(first)
            answer = behaviour(self.path, first)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub = Hub(f"http://127.0.0.1:{server.server_port}", [])
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def tiny_model(content: bytes, *, bytes_each: int = 10) -> CatalogModel:
    """Return an entry of the catalogue for `content`."""
    return CatalogModel(
        name="tiny",
        summary="for tests",
        file=FILE,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        repository="maker/tiny-GGUF",
        packages=Packages(
            package="tiny-part{number}",
            version="0.1.0",
            file="tiny_part{number}/data/part{number:02}.bin",
            bytes_each=bytes_each,
        ),
    )


def make_wheel(folder: Path, name: str, version: str, files: Mapping[str, bytes]) -> Path:
    """Write a wheel that holds `files` and nothing else."""
    about = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, content in files.items():
            wheel.writestr(file, content)
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        wheel.writestr(f"{about}/METADATA", metadata)
        tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr(f"{about}/WHEEL", tags)
        names = [*files, f"{about}/METADATA", f"{about}/WHEEL", f"{about}/RECORD"]
        wheel.writestr(f"{about}/RECORD", "".join(f"{entry},,\n" for entry in names))
    return path


def make_part(folder: Path, number: int, part: bytes) -> Path:
    """Write the wheel of one part of `tiny_model`."""
    return make_wheel(
        folder, f"tiny_part{number}", "0.1.0", {f"tiny_part{number}/data/part{number:02}.bin": part}
    )
