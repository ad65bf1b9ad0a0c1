"""What comes out of a container: the daemon's frames, the supervisor's lines, and an archive of files."""

import io
import tarfile
from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from runtimes.docker._artifacts import Artifacts
from runtimes.docker._frames import Dialogue, Frames, Word
from runtimes.docker._tar import Member, TarError, TarReader

from .hostile import CUTS, Target, changed, pieces

_MAX_BYTES, _MAX_COUNT, _MAX_SKIPPED = 600, 4, 2_000
#: Of content that one test keeps.
_WANTED_BYTES = 4_096
_FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


class _File(NamedTuple):
    """An entry to pack."""

    name: str
    kind: bytes
    content: bytes
    target: str


_PARTS = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=40)
_NAMES = st.lists(_PARTS | st.sampled_from(["a", "..", ".", "é"]), min_size=1, max_size=40).map("/".join)
_FILES = st.lists(
    st.builds(
        _File,
        _NAMES | st.sampled_from(["a", "a/b", "/etc/passwd", "../up"]),
        st.sampled_from([tarfile.REGTYPE] * 3 + [tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, b"6"]),
        st.binary(max_size=700),
        _NAMES,
    ),
    max_size=5,
)


def _packed(files: Sequence[_File], form: str) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=_FORMATS[form]) as archive:
        for file in files:
            info = tarfile.TarInfo(file.name)
            info.type = file.kind
            if file.kind == tarfile.REGTYPE:
                info.size = len(file.content)
            if file.kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                info.linkname = file.target
            try:
                archive.addfile(info, io.BytesIO(file.content))
            except ValueError:  # too long for this format
                continue
    return written.getvalue()


_ARCHIVES = st.builds(_packed, _FILES, st.sampled_from(sorted(_FORMATS)))


def archive_is_read_as_tar_reads_it(archive: bytes, cuts: Sequence[int]) -> None:
    """Names, sizes, links and contents are what the standard library finds in an honest archive."""
    expected = []
    with tarfile.open(fileobj=io.BytesIO(archive)) as known:
        for info in known:
            file = known.extractfile(info) if info.isreg() else None
            expected.append((info.name.rstrip("/"), info.size, info.linkname, file.read() if file else b""))

    found, problem = _read(archive, cuts)

    assert problem == ""
    assert [
        (_text(member.name).rstrip("/"), member.size, _text(member.target), content or b"")
        for member, content in found
    ] == expected


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def changed_archive_is_read_or_refused(archive: bytes, cuts: Sequence[int]) -> None:
    """It does not matter how it is cut, and nothing is kept but what was wanted."""
    found, problem = _read(archive, cuts)

    assert (found, problem) == _read(archive, ())
    for member, content in found:
        assert content is None or len(content) == member.size <= _WANTED_BYTES


def _read(archive: bytes, cuts: Sequence[int]) -> tuple[list[tuple[Member, bytes | None]], str]:
    found: list[tuple[Member, bytes | None]] = []
    reader = TarReader(
        lambda member: member.kind == "file" and max(member.size, member.stored) <= _WANTED_BYTES,
        lambda member, content: found.append((member, content)),
    )
    try:
        for piece in pieces(archive, cuts):
            reader.feed(piece)
    except TarError as error:
        return found, str(error)
    return found, ""


def artifacts_stay_within_the_limits(archive: bytes, cuts: Sequence[int], unchanged: bytes) -> None:
    """Whatever an archive claims, what is kept is plain, bounded, and has a name that leads nowhere."""
    artifacts = Artifacts(
        max_bytes=_MAX_BYTES, max_count=_MAX_COUNT, max_skipped=_MAX_SKIPPED, unchanged={"a": unchanged}
    )

    for piece in pieces(archive, cuts):
        artifacts.feed(piece)
    found = artifacts.result()

    assert len(found) <= _MAX_COUNT + 2  # a count of what follows, and a problem
    assert sum(len(artifact.data) for artifact in found) <= _MAX_BYTES
    for artifact in found:
        artifact.name.encode()
        if artifact.skipped is None:
            assert len(artifact.data) == artifact.size
            assert not {"", ".", ".."} & set(artifact.name.split("/"))
        else:
            assert artifact.data == b""


_MARK = b"\x1emark\x1e"
_SAID = st.lists(
    st.sampled_from(
        [_MARK + b"begun\n", _MARK + b"ended 0\n", _MARK + b"over\n", _MARK + b"missing a b\n", _MARK]
    )
    | st.binary(max_size=30)
    | st.just(b"x" * 600),
    max_size=8,
).map(b"".join)


def dialogue_loses_nothing(stream: bytes, cuts: Sequence[int]) -> None:
    """Each byte is output, a line of the supervisor, or of the archive, however the stream is cut."""
    output, said, archive = _dialogue(stream, cuts)

    assert (output, said, archive) == _dialogue(stream, ())
    assert [word.kind for word in said] in ([], ["begun"], ["missing"], ["begun", "ended"])
    assert stream.endswith(archive)
    taken = len(stream) - len(output) - len(archive)
    assert taken >= sum(len(_MARK) + len(word.kind) + 1 for word in said)
    assert bool(taken) == bool(said)


def _dialogue(stream: bytes, cuts: Sequence[int]) -> tuple[bytes, list[Word], bytes]:
    output, archive = bytearray(), bytearray()
    said: list[Word] = []
    dialogue = Dialogue(_MARK, said.append, output.extend, archive.extend)
    for piece in pieces(stream, cuts):
        dialogue.feed(piece)
        assert len(dialogue._held) < len(_MARK) + 500
    dialogue.end()
    return bytes(output), said, bytes(archive)


_DAEMON = st.lists(
    st.builds(
        lambda stream, data: bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data,
        st.integers(0, 255),
        st.binary(max_size=40),
    ),
    max_size=6,
).map(b"".join)


def daemon_frames_are_cut_alike(stream: bytes, cuts: Sequence[int]) -> None:
    """What a connection says does not depend on how it is cut, and nothing is made up."""
    assert _streams(stream, cuts) == _streams(stream, ())
    assert sum(map(len, _streams(stream, cuts).values())) <= len(stream)


def _streams(stream: bytes, cuts: Sequence[int]) -> dict[str, bytes]:
    found = {"stdout": b"", "stderr": b""}
    frames = Frames()
    for piece in pieces(stream, cuts):
        for name, data in frames.feed(piece):
            found[name] += data
    return found


_CHANGED = {"archive": changed(_ARCHIVES), "cuts": CUTS}

TARGETS = (
    Target(
        "archives as tar reads them",
        archive_is_read_as_tar_reads_it,
        {"archive": _ARCHIVES, "cuts": CUTS},
        examples=50,
    ),
    Target("changed archives", changed_archive_is_read_or_refused, _CHANGED, examples=60),
    Target(
        "files in archives",
        artifacts_stay_within_the_limits,
        {**_CHANGED, "unchanged": st.binary(max_size=20)},
        examples=60,
    ),
    Target(
        "lines of a supervisor",
        dialogue_loses_nothing,
        {"stream": changed(_SAID), "cuts": CUTS},
        examples=120,
    ),
    Target(
        "frames of a daemon",
        daemon_frames_are_cut_alike,
        {"stream": changed(_DAEMON), "cuts": CUTS},
        examples=100,
    ),
)
