"""Tools that come with the agent: files that the policy mounts anyway, and documentation.

Searching the web is not among them, since nothing here opens a connection. Who wants it brings a function:

    tools = Tools()
    add_file_tools(tools, policy)

    @tools.register
    async def search_web(query: str) -> list[str]:
        '''Titles and addresses of pages about something.'''
        ...  # asks the service of your choice, with your key, and trusts neither query nor answer
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from engine import Policy

from ._documents import Documents, as_prompt, look_up
from ._mounted_files import MountedFileError, MountedFiles
from ._tools import Tools

#: Of a file, for both reading and searching.
MAX_FILE_BYTES = 1024 * 1024
#: Of all files of one search.
MAX_SEARCH_BYTES = 16 * 1024 * 1024
MAX_SEARCH_FILES = 2_000
MAX_LINES = 500
_MAX_LINE = 300
_MAX_TEXT = 20_000
_SNIFFED_BYTES = 4_096
_DOCUMENTS_SHOWN = 3

Query = Annotated[str, Meta(min_length=1, max_length=400)]
Name = Annotated[str, Meta(min_length=1, max_length=4_096)]
Count = Annotated[int, Meta(ge=1, le=MAX_LINES)]


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A line that a search found; the first line of a file is number 1, and 0 stands for its name."""

    name: str
    line: int
    text: str


class Excerpt(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of a file; `more` says that there are lines after them."""

    name: str
    first_line: int
    text: str
    more: bool


def add_file_tools(tools: Tools, policy: Policy) -> None:
    """Register `search_files` and `read_file` over the mounts of a policy, which a program can read anyway.

    Raises:
        ConfigError: There are tools of these names.
    """
    files = MountedFiles(policy)

    def search_files(query: Query, limit: Count = 10) -> list[Match]:
        """Find lines in files below /mnt with a text, or else with all of its words; case does not matter."""
        return _search(files, query, limit)

    def read_file(name: Name, first_line: Annotated[int, Meta(ge=1)] = 1, lines: Count = 100) -> Excerpt:
        """Read some lines of a text file below /mnt."""
        return _read(files, name, first_line, lines)

    tools.register(search_files)
    tools.register(read_file)


def add_document_tools(tools: Tools, documents: Documents) -> None:
    """Register `search_docs` over an index that is open as long as the tools are used.

    Raises:
        ConfigError: There is a tool of this name.
    """

    async def search_docs(query: Query) -> str:
        """Look up functions of Python and its libraries, by name or by what they do."""
        found = await look_up(documents, query, _DOCUMENTS_SHOWN)
        return as_prompt(found) or documents.reason or "nothing was found"

    tools.register(search_docs)


def _search(files: MountedFiles, query: str, limit: int) -> list[Match]:
    """Return lines with the whole text before lines with all of its words."""
    text = query.casefold().strip()
    words = text.split()
    whole: list[Match] = []
    scattered: list[Match] = []
    left = MAX_SEARCH_BYTES
    for number, name in enumerate(files.names()):
        if number >= MAX_SEARCH_FILES or left <= 0 or len(whole) >= limit:
            break
        if text in name.casefold():
            whole.append(Match(name=_text(name), line=0, text=""))
        content = _searchable(files, name, min(left, MAX_FILE_BYTES))
        left -= len(content)
        for line_number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
            folded = line.casefold()
            if not all(word in folded for word in words):
                continue
            found = whole if text in folded else scattered
            if len(found) < limit:
                found.append(Match(name=_text(name), line=line_number, text=_excerpt(line, folded, words)))
    return [*whole, *scattered][:limit]


def _searchable(files: MountedFiles, name: str, maximum: int) -> bytes:
    """Return the beginning of a file; nothing if it is binary, or cannot be read."""
    try:
        content, _ = files.read(name, maximum)
    except MountedFileError:
        return b""
    return b"" if b"\0" in content[:_SNIFFED_BYTES] else content


def _excerpt(line: str, folded: str, words: list[str]) -> str:
    start = max(folded.find(words[0]) - _MAX_LINE // 3, 0) if words and len(line) > _MAX_LINE else 0
    return _text(line[start : start + _MAX_LINE].strip())


def _read(files: MountedFiles, name: str, first_line: int, lines: int) -> Excerpt:
    content, size = files.read(name, MAX_FILE_BYTES)
    every = _text(content.decode("utf-8", "replace")).split("\n")
    if every[-1] == "":
        every.pop()
    wanted = every[first_line - 1 : first_line - 1 + lines]
    text = "\n".join(wanted)
    more = size > len(content) or first_line - 1 + lines < len(every) or len(text) > _MAX_TEXT
    return Excerpt(name=name, first_line=first_line, text=text[:_MAX_TEXT], more=more)


def _text(text: str) -> str:
    """Make bytes that are no text visible as such: file names may have them too."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")
