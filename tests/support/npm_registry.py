"""A registry of npm packages on this machine, so that tests fetch without a network."""

import base64
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote


class Registry:
    """What it serves; add packages while it runs.

    Attributes:
        url: To be set as `NPM_CONFIG_REGISTRY`.
        asked: Paths that were asked for, in order.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []
        self._listings: dict[str, dict[str, object]] = {}
        self._archives: dict[str, bytes] = {}

    def add(self, name: str, version: str, files: Mapping[str, str], **fields: object) -> None:
        """Publish a version; it becomes the newest one."""
        about = {"name": name, "version": version, **fields}
        archive = _archive({"package.json": json.dumps(about), **files})
        path = f"/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"
        integrity = f"sha512-{base64.b64encode(hashlib.sha512(archive).digest()).decode()}"
        self._archives[path] = archive
        listing = self._listings.setdefault(name, {"name": name, "versions": {}})
        versions = listing["versions"]
        assert isinstance(versions, dict)
        versions[version] = {**about, "dist": {"tarball": f"{self.url}{path}", "integrity": integrity}}
        listing["dist-tags"] = {"latest": version}

    def answer(self, path: str) -> bytes | None:
        """Return what lies at a path of the registry."""
        self.asked.append(path)
        if path in self._archives:
            return self._archives[path]
        listing = self._listings.get(path.removeprefix("/"))
        return None if listing is None else json.dumps(listing).encode()


@contextmanager
def serve() -> Iterator[Registry]:
    """Run a registry until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = registry.answer(unquote(self.path))
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    registry = Registry(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _archive(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()
