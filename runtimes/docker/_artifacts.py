"""Output files, out of the archive that a container sends when its program is over."""

from collections.abc import Mapping

from engine import Artifact

from ._tar import Member, TarError, TarReader

#: Deeper files are reported without their content, as in other tiers.
MAX_DEPTH = 32


class Artifacts:
    """Takes an archive as it comes and keeps what the policy allows.

    Args:
        max_bytes: Content kept in all.
        max_count: Entries reported; what follows is only counted, in one last entry.
        max_skipped: Bytes of content that may pass without being kept: those of files that are too large.
            An honest archive has no more than the sandbox's file system holds.
        unchanged: Input files by name; those that still have this content are left out.
    """

    def __init__(
        self, *, max_bytes: int, max_count: int, max_skipped: int, unchanged: Mapping[str, bytes]
    ) -> None:
        self._max_bytes = max_bytes
        self._left = max_bytes
        self._max_count = max_count
        self._may_skip = max_skipped
        self._unchanged = unchanged
        self._found: dict[str, Artifact] = {}
        self._more = 0
        self._problem: str | None = None
        self._reader = TarReader(self._is_wanted, self._take)

    @property
    def is_too_much(self) -> bool:
        """Whether more came than the sandbox's file system can hold: nobody has to read on."""
        return self._may_skip < 0

    @property
    def is_complete(self) -> bool:
        """Whether the end of the archive has come."""
        return self._reader.is_complete

    def feed(self, data: bytes) -> None:
        """Take bytes of the archive."""
        if self._problem is None:
            try:
                self._reader.feed(data)
            except TarError as error:
                self._problem = f"the rest cannot be read: {error}"

    def result(self) -> tuple[Artifact, ...]:
        """Return what was found, by name."""
        found = [self._found[name] for name in sorted(self._found)]
        if self._more:
            limit = f"limits.artifact-count is {self._max_count}"
            found.append(Artifact(name="", skipped=f"{self._more} more entries, {limit}"))
        if self._problem is not None:
            found.append(Artifact(name="", skipped=self._problem))
        return tuple(found)

    def _is_wanted(self, member: Member) -> bool:
        name = _name(member)
        before = self._unchanged.get(name)
        bound = max(self._left, len(before) if before is not None else 0)
        size = max(member.size, member.stored)
        wanted = member.kind == "file" and size <= bound and _refusal(name) is None
        if not wanted:
            self._may_skip -= member.stored
        return wanted

    def _take(self, member: Member, content: bytes | None) -> None:
        name = _name(member)
        if member.kind == "folder" and (not name or _refusal(name) is None):
            return
        if member.kind == "hard link":
            self._forget(_shown(member.target))
        before = self._unchanged.get(name)
        if before is not None and content == before:
            return
        if len(self._found) >= self._max_count and name not in self._found:
            self._more += 1
            return
        self._found[name] = self._artifact(name, member, content)

    def _artifact(self, name: str, member: Member, content: bytes | None) -> Artifact:
        reason = _refusal(name) or (member.kind if member.kind != "file" else None)
        if reason is not None:
            return Artifact(name=name, size=member.size, skipped=reason)
        # An input file that was changed may be kept while it is compared, and still be too large.
        if content is None or len(content) > self._left:
            limit = f"limits.artifact-mib is {self._max_bytes >> 20}"
            return Artifact(name=name, size=member.size, skipped=f"too large, {limit}")
        self._left -= len(content)
        return Artifact(name=name, data=content, size=len(content))

    def _forget(self, target: str) -> None:
        """Drop the content of a file that turns out to have a second name."""
        first = self._found.get(target)
        if first is not None and first.skipped is None:
            self._left += first.size
            self._found[target] = Artifact(name=target, size=first.size, skipped="hard link")


def _name(member: Member) -> str:
    return _shown(member.name)


def _shown(name: bytes) -> str:
    """Return a name as text that can be encoded; bytes that are not UTF-8 are spelled out."""
    text = name.decode("utf-8", "backslashreplace")
    return text.removeprefix("./").rstrip("/")


def _refusal(name: str) -> str | None:
    """Say what is wrong with a name. An honest tar writes none of them."""
    parts = name.split("/")
    if name.startswith("/") or ".." in parts:
        return "its name leaves the working folder"
    if "" in parts or "." in parts:
        return "its name is malformed"
    if len(parts) > MAX_DEPTH:
        return f"deeper than {MAX_DEPTH} levels"
    return None
