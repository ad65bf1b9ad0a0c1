"""A model from the hub, by HTTPS: the rest of what has arrived before, as often as the line is cut.

`httpx` is loaded with this module, and this module with the first pull.
"""

import re
from pathlib import Path
from typing import BinaryIO

import httpx

from ._catalog import CatalogModel, SourceError, hub
from ._progress import Meter

_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
#: A line that is cut more often than that is better tried another day.
MAX_RECONNECTIONS = 20
_RANGE = re.compile(r"bytes (?P<first>\d{1,15})-\d{1,15}/(?P<total>\d{1,15}|\*)", re.ASCII)


def from_hub(model: CatalogModel, part: Path, meter: Meter) -> None:
    """Add to `part` what it lacks. Whatever ends this, what has arrived stays there.

    Raises:
        SourceError: The hub cannot be reached, has no such file, or lost the line again and again.
        OSError: `part` cannot be written.
    """
    url = f"{hub()}/{model.repository}/resolve/main/{model.file}"
    try:
        with httpx.Client(follow_redirects=True, timeout=_TIMEOUT) as client, part.open("ab") as file:
            _receive_all(client, url, model.bytes, file, meter)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise SourceError(f"`{url}` is no address: {error}", hint="look at `HF_ENDPOINT`") from error


def _receive_all(client: httpx.Client, url: str, total: int, file: BinaryIO, meter: Meter) -> None:
    meter.begin(file.tell())
    for _ in range(1 + MAX_RECONNECTIONS):
        before = file.tell()
        cut: httpx.RequestError | None = None
        try:
            _receive(client, url, total, file, meter)
        except httpx.UnsupportedProtocol:
            raise
        except httpx.RequestError as error:
            cut = error
        if file.tell() == total:
            return
        if file.tell() <= before:
            raise SourceError(f"`{url}` cannot be reached: {_words(cut)}") from cut
        meter.say("the line was cut; going on")
    raise SourceError(f"the line to `{url}` was cut {MAX_RECONNECTIONS + 1} times")


def _receive(client: httpx.Client, url: str, total: int, file: BinaryIO, meter: Meter) -> None:
    """Take one answer, from where the file ends; an answer that begins at the beginning begins it anew."""
    headers = {"Accept-Encoding": "identity"}  # ranges count the bytes of the file, not of a packed form
    if file.tell():
        headers["Range"] = f"bytes={file.tell()}-"
    with client.stream("GET", url, headers=headers) as response:
        if _first_byte(response, total) != file.tell():
            file.truncate(0)
            file.seek(0)
            meter.begin(0)
        for data in response.iter_raw():
            if file.tell() + len(data) > total:
                raise SourceError(f"`{url}` sends more than {total} bytes")
            file.write(data)
            meter.advance(len(data))


def _first_byte(response: httpx.Response, total: int) -> int:
    """Return where in the file an answer begins.

    Raises:
        SourceError: It is no answer, or one about another file.
    """
    url = response.url
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise SourceError(f"`{url}` sends the file in a packed form")
    if response.status_code == httpx.codes.OK:
        announced = response.headers.get("Content-Length", str(total))
        first = 0
    elif response.status_code == httpx.codes.PARTIAL_CONTENT:
        match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if match is None or f"bytes={match['first']}-" != response.request.headers.get("Range"):
            raise SourceError(f"`{url}` sends another part of the file than was asked for")
        announced = str(total) if match["total"] == "*" else match["total"]
        first = int(match["first"])
    else:
        raise SourceError(f"`{url}` answers {response.status_code} {response.reason_phrase}".rstrip())
    if announced != str(total):
        raise SourceError(f"`{url}` has {announced[:20]} bytes and not {total}: it is another file")
    return first


def _words(error: httpx.RequestError | None) -> str:
    return "it sends nothing" if error is None else str(error) or type(error).__name__
