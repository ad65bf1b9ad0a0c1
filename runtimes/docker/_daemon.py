"""The daemon's HTTP interface over its unix socket, as far as containers need it.

The same in Docker and in Podman's compatible service. Paths carry no version, so that each daemon answers in
the newest it knows. `httpx` is loaded with this module, and this module with the first container.
"""

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, override

import httpx
from anyio.abc import AsyncResource
from httpcore import NetworkError

from engine import EngineError

from ._socket import UnixTransport

#: A daemon under load takes seconds for what takes it milliseconds else.
ANSWER_SECONDS = 60.0
_CHUNK = 64 * 1024

type Json = dict[str, Any]


class DaemonError(EngineError):
    """The daemon refuses, or is not there.

    Attributes:
        status: Of HTTP; 0 when there was no answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Attached(AsyncResource):
    """A connection to the standard streams of one container.

    stdout and stderr come as frames; see `_frames.py`.
    """

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self._stream = response.extensions["network_stream"]

    @override
    async def aclose(self) -> None:
        """Close the connection; a container that waits on stdin ends."""
        await self._response.aclose()

    async def receive(self) -> bytes:
        """Return what has come, at least one byte; nothing at the end, however that came about."""
        try:
            return bytes(await self._stream.read(_CHUNK))
        except (NetworkError, OSError):
            return b""

    async def send(self, data: bytes) -> None:
        """Write to stdin and close it. That nobody reads it is no error: the container's end says why."""
        try:
            await self._stream.write(data)
            self._stream.get_extra_info("socket").shutdown(socket.SHUT_WR)
        except (NetworkError, OSError):
            return


class Daemon(AsyncResource):
    """A client of one daemon.

    Args:
        path: Its socket.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # What our environment says of proxies has no meaning for a socket.
        self._client = httpx.AsyncClient(
            transport=UnixTransport(path), base_url="http://daemon", timeout=ANSWER_SECONDS, trust_env=False
        )

    @override
    async def aclose(self) -> None:
        """Close all connections to it."""
        await self._client.aclose()

    async def info(self) -> Json:
        """Return what the daemon says about itself and its machine."""
        return await self._described("/info")

    async def images(self, label: str) -> list[Json]:
        """Return all images with a label."""
        filters = json.dumps({"label": [label]})
        found: list[Json] = await self._call("GET", "/images/json", params={"filters": filters})
        return found

    async def image(self, name: str) -> Json:
        """Return the description of an image; `status` of the error is 404 if there is none."""
        return await self._described(f"/images/{name}/json")

    async def create(self, name: str, config: Mapping[str, Any]) -> str:
        """Make a container; return its id."""
        answer = await self._call("POST", "/containers/create", params={"name": name}, body=config)
        return str(answer["Id"])

    async def start(self, container: str) -> None:
        """Start its first process."""
        await self._call("POST", f"/containers/{container}/start")

    async def inspect(self, container: str) -> Json:
        """Return all that the daemon knows about a container."""
        return await self._described(f"/containers/{container}/json")

    async def update(self, container: str, limits: Mapping[str, int]) -> None:
        """Change limits of a container that runs."""
        await self._call("POST", f"/containers/{container}/update", body=limits)

    async def wait(self, container: str) -> None:
        """Wait until the daemon has noticed the end of a container; however long that takes."""
        await self._call("POST", f"/containers/{container}/wait", seconds=None)

    async def remove(self, container: str) -> None:
        """Kill and remove a container; one that is gone, or on its way, is no error."""
        try:
            await self._call("DELETE", f"/containers/{container}", params={"force": "true", "v": "true"})
        except DaemonError as error:
            if error.status not in (404, 409):
                raise

    async def containers(self, label: str) -> list[Json]:
        """Return all containers with a label, also those that have ended."""
        filters = json.dumps({"label": [label]})
        params = {"all": "true", "filters": filters}
        found: list[Json] = await self._call("GET", "/containers/json", params=params)
        return found

    async def attach(self, container: str) -> Attached:
        """Connect to the streams of a container that has not been started; the caller closes it."""
        request = self._client.build_request(
            "POST",
            f"/containers/{container}/attach",
            params={"stream": "1", "stdin": "1", "stdout": "1", "stderr": "1"},
            headers={"Connection": "Upgrade", "Upgrade": "tcp"},
            timeout=None,  # between two pieces of output there may be hours
        )
        response = await self._sent(request)
        if response.status_code in (httpx.codes.OK, httpx.codes.SWITCHING_PROTOCOLS):
            return Attached(response)
        await response.aread()
        raise _refused(response)

    async def _described(self, path: str) -> Json:
        answer: Json = await self._call("GET", path)
        return answer

    async def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        seconds: float | None = ANSWER_SECONDS,
    ) -> Any:
        request = self._client.build_request(method, path, params=params, json=body, timeout=seconds)
        response = await self._sent(request)
        try:
            await response.aread()
        except httpx.TransportError as error:
            raise _silent(error) from error
        if response.is_error:
            raise _refused(response)
        return response.json() if response.content else {}

    async def _sent(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._client.send(request, stream=True)
        except httpx.TransportError as error:
            raise _silent(error) from error


def _silent(error: Exception) -> DaemonError:
    return DaemonError(f"the daemon does not answer: {str(error) or type(error).__name__}")


def _refused(response: httpx.Response) -> DaemonError:
    try:
        message = str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        message = response.text[:500] or response.reason_phrase
    return DaemonError(message.strip(), response.status_code)
