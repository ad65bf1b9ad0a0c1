"""Tar streams: what is written, `tar` reads; what comes back is hostile until every number was checked."""

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtimes.docker._tar import Entry, Member, TarError, TarReader, archive

examples = settings(deadline=None, database=None, max_examples=200)


def read(
    data: bytes, *, step: int = 1 << 20, largest: int = 1 << 20
) -> dict[str, tuple[Member, bytes | None]]:
    found: dict[str, tuple[Member, bytes | None]] = {}

    def done(member: Member, content: bytes | None) -> None:
        found[member.name.decode("utf-8", "surrogateescape")] = (member, content)

    reader = TarReader(lambda member: member.size <= largest, done)
    for at in range(0, len(data), step):
        reader.feed(data[at : at + step])
    return found


# What is written


@pytest.mark.parametrize(
    "name",
    [
        "plain",
        "with space",
        "quo'te\"s",
        "line\nfeed",
        "naïve 日本",
        "n" * 100,
        "n" * 101,
        "deep/" * 40 + "n" * 200,
    ],
)
@pytest.mark.parametrize("mode", [0o400, 0o600, 0o700])
def test_written_file_is_unpacked_by_tar(name: str, mode: int, tmp_path: Path) -> None:
    data = b"".join(archive([Entry(name, b"content" * 200, mode)]))

    subprocess.run(["tar", "-xf", "-"], input=data, cwd=tmp_path, check=True, env={"LC_ALL": "C.UTF-8"})

    assert (tmp_path / name).read_bytes() == b"content" * 200
    assert (tmp_path / name).stat().st_mode & 0o777 == mode


@given(
    st.binary(max_size=2000),
    st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1),
)
@examples
def test_written_archive_is_read_back(content: bytes, name: str) -> None:
    found = read(
        b"".join(archive([Entry(name, content, 0o600), Entry("next", b"x", 0o600)])), largest=1 << 22
    )

    assert found[name][1] == content
    assert found["next"][1] == b"x"


def test_folder_and_empty_file_are_written() -> None:
    found = read(b"".join(archive([Entry("folder/", None, 0o700), Entry("empty", b"", 0o600)])))

    assert [(member.kind, content) for member, content in found.values()] == [("folder", b""), ("file", b"")]


# What is read


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "sub").mkdir(parents=True)
    (folder / "plain").write_bytes(b"plain" * 300)
    (folder / "empty").touch()
    (folder / "sub" / ("long" * 50)).write_bytes(b"long")
    os.link(folder / "plain", folder / "second")
    os.symlink("plain", folder / "symbolic")
    os.mkfifo(folder / "fifo")
    with open(folder / "holes", "wb") as file:
        for number in range(60):
            file.seek(number * 8192)
            file.write(b"piece %d" % number)
    with open(folder / "huge", "wb") as file:
        file.truncate(1 << 40)
    return folder


def packed(tree: Path, *options: str) -> bytes:
    return subprocess.run(
        ["tar", *options, "--sort=name", "-cf", "-", "."], cwd=tree, capture_output=True, check=True
    ).stdout


@pytest.mark.parametrize("step", [1, 511, 512, 513, 1 << 20])
def test_every_kind_of_entry_is_read_however_it_is_cut(tree: Path, step: int) -> None:
    found = read(packed(tree, "--format=gnu", "--sparse"), step=step)

    assert found["./plain"][1] == (tree / "plain").read_bytes()
    assert found["./holes"][1] == (tree / "holes").read_bytes()
    assert found["./sub/" + "long" * 50][1] == b"long"
    assert found["./empty"][1] == b""
    kinds = {name: member.kind for name, (member, _) in found.items()}
    assert (kinds["./second"], kinds["./symbolic"], kinds["./fifo"]) == (
        "hard link",
        "symbolic link",
        "not a regular file",
    )
    assert found["./second"][0].target == b"./plain"


def test_file_that_is_one_hole_costs_nothing(tree: Path) -> None:
    data = packed(tree, "--format=gnu", "--sparse")
    member, content = read(data)["./huge"]

    assert (member.size, member.stored, content) == (1 << 40, 0, None)
    assert len(data) < 1 << 20


@pytest.mark.parametrize("form", ["gnu", "posix", "oldgnu"])
def test_other_formats_are_read(tree: Path, form: str) -> None:
    (tree / "huge").unlink()
    found = read(packed(tree, f"--format={form}"))

    assert found["./plain"][1] == (tree / "plain").read_bytes()
    assert found["./sub/" + "long" * 50][1] == b"long"


def test_end_is_seen_and_what_follows_is_ignored() -> None:
    seen: list[Member] = []
    reader = TarReader(lambda _: True, lambda member, _: seen.append(member))
    reader.feed(b"".join(archive([Entry("a", b"x", 0o600)])) + b"\xff" * 5000)

    assert reader.is_complete
    assert len(seen) == 1


def header(**changes: object) -> bytes:
    info = tarfile.TarInfo("name")
    for name, value in changes.items():
        setattr(info, name, value)
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 512,
        header()[:148] + b"0000000\0" + header()[156:],
        header(size=1 << 60),
        header(type=tarfile.GNUTYPE_LONGNAME, size=1 << 20),
        header(type=tarfile.XHDTYPE, size=30) + b"999999999999 path=x\n".ljust(512, b"\0"),
        header(type=tarfile.XHDTYPE, size=8) + b"nothing\n".ljust(512, b"\0"),
        header(type=tarfile.XHDTYPE, size=10) + b"10 size=x\n".ljust(512, b"\0") + header(),
        header(type=b"S")[:386] + b"\xff" * 97 + header(type=b"S")[483:],
    ],
    ids=["garbage", "checksum", "size", "long name", "record", "no record", "decimal", "pieces"],
)
def test_malformed_archive_is_refused(data: bytes) -> None:
    with pytest.raises(TarError):
        read(data + bytes(1024))


@given(st.binary(max_size=3000))
@examples
def test_only_a_tar_error_comes_out_of_any_bytes(data: bytes) -> None:
    try:
        read(data)
    except TarError:
        return


@given(st.data(), st.integers(0, 1023), st.binary(min_size=1, max_size=40))
@examples
def test_only_a_tar_error_comes_out_of_a_changed_archive(data: st.DataObject, at: int, change: bytes) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as file:
        for name in ("first", "n" * 150):
            info = tarfile.TarInfo(name)
            info.size = 3
            file.addfile(info, io.BytesIO(b"abc"))
    whole = bytearray(stream.getvalue())
    whole[at : at + len(change)] = change
    # A right checksum lets the change through to what is behind it.
    if data.draw(st.booleans()):
        whole[148:156] = b" " * 8
        whole[148:156] = b"%06o\0 " % sum(whole[:512])
    try:
        read(bytes(whole))
    except TarError:
        return


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.GNUTYPE_LONGNAME, b"S"])
@pytest.mark.parametrize("number", [b"-0000001000\0", b"+0000001000\0", b"00_00001000\0"])
def test_number_with_a_sign_is_refused(kind: bytes, number: bytes) -> None:
    block = bytearray(header(type=kind))
    block[124:136] = number
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)

    with pytest.raises(TarError):
        read(bytes(block) + bytes(2048))


def test_records_that_do_not_matter_are_not_kept() -> None:
    seen: list[Member] = []
    reader = TarReader(lambda _: True, lambda member, _: seen.append(member))
    for number in range(200):
        record = b"30 key%05d=%s\n" % (number, b"x" * 17)
        assert len(record) == 30
        reader.feed(header(type=tarfile.XHDTYPE, size=30) + record.ljust(512, b"\0"))

    assert reader._overrides == {}


def test_many_records_are_read_in_one_pass() -> None:
    records = b"8 a=bcd\n" * 8000 + b"13 path=name\n"
    found = read(
        header(type=tarfile.XHDTYPE, size=len(records))
        + records
        + bytes(-len(records) % 512)
        + header(size=0)
    )

    assert list(found) == ["name"]
