"""Looking at GGUF files that are whole, cut off, or made to mislead."""

import struct
from pathlib import Path

import pytest

from agent import ModelError
from agent.models._gguf import MAX_FACTS, MAX_TENSORS, GgufFile, check_gguf
from agent.models._gguf_reader import MAX_HEADER_BYTES, MAX_STRING_BYTES

Q4_K, F32, UNKNOWN = 12, 0, 999


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data)) + data


def fact(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def number(key: str, value: int) -> bytes:
    return fact(key, 4, struct.pack("<I", value))


def array(kind: int, count: int, items: bytes) -> bytes:
    return struct.pack("<IQ", kind, count) + items


def tensor(name: str, dimensions: tuple[int, ...], kind: int, offset: int) -> bytes:
    shape = struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions)
    return text(name) + shape + struct.pack("<IQ", kind, offset)


def head(*facts: bytes, tensors: tuple[bytes, ...] = (), version: int = 3, magic: bytes = b"GGUF") -> bytes:
    start = magic + struct.pack("<IQQ", version, len(tensors), len(facts))
    return start + b"".join(facts) + b"".join(tensors)


def padded(data: bytes, alignment: int = 32) -> bytes:
    return data + bytes(-len(data) % alignment)


FACTS = (
    fact("general.architecture", 8, text("qwen2")),
    number("qwen2.context_length", 4096),
    number("qwen2.block_count", 28),
    number("qwen2.embedding_length", 1536),
    number("qwen2.attention.head_count", 12),
    number("qwen2.attention.head_count_kv", 2),
    fact("tokenizer.ggml.tokens", 9, array(8, 3, text("a") + text("bc") + text("d"))),
    fact("tokenizer.ggml.scores", 9, array(6, 2, bytes(8))),
    fact("general.flag", 7, b"\x01"),
)
TENSORS = (tensor("one", (256, 2), Q4_K, 0), tensor("two", (8,), F32, 288))
#: The last tensor ends there, behind the head.
TENSOR_BYTES = 288 + 32
WHOLE = padded(head(*FACTS, tensors=TENSORS)) + bytes(TENSOR_BYTES)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "own.gguf"


def check(path: Path, content: bytes) -> GgufFile:
    path.write_bytes(content)
    return check_gguf(path)


@pytest.mark.parametrize("version", [2, 3])
def test_whole_file_says_what_it_is(path: Path, version: int) -> None:
    found = check(path, padded(head(*FACTS, tensors=TENSORS, version=version)) + bytes(TENSOR_BYTES))

    assert found == GgufFile(
        version=version,
        tensors=2,
        architecture="qwen2",
        context_tokens=4096,
        context_bytes_per_token=28 * 2 * 128 * 4,
    )


@pytest.mark.parametrize("missing", [1, 31, TENSOR_BYTES])
def test_file_without_its_end_says_how_much_is_missing(path: Path, missing: int) -> None:
    with pytest.raises(ModelError, match=f"is truncated: {missing} bytes are missing"):
        check(path, WHOLE[:-missing])


def test_file_with_something_behind_its_end_is_whole(path: Path) -> None:
    assert check(path, WHOLE + b"x").tensors == 2


@pytest.mark.parametrize("kept", range(4, len(head(*FACTS, tensors=TENSORS)), 7))
def test_file_that_ends_in_its_head_is_truncated(path: Path, kept: int) -> None:
    with pytest.raises(ModelError, match=r"is truncated: at least \d+ bytes are missing"):
        check(path, WHOLE[:kept])


@pytest.mark.parametrize("content", [b"", b"GG", b"<html>", b"PK\x03\x04" + bytes(100)])
def test_other_file_is_none(path: Path, content: bytes) -> None:
    with pytest.raises(ModelError, match="is not a GGUF file"):
        check(path, content)


@pytest.mark.parametrize("version", [0, 1, 4, 0x03000000])
def test_other_version_is_refused(path: Path, version: int) -> None:
    with pytest.raises(ModelError, match=f"its version {version}"):
        check(path, head(version=version))


def test_file_that_is_not_there_is_an_error(path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        check_gguf(path)


def test_alignment_of_the_file_counts(path: Path) -> None:
    facts = (number("general.alignment", 4096),)
    content = padded(head(*facts, tensors=TENSORS), 4096) + bytes(TENSOR_BYTES)

    assert check(path, content).tensors == 2
    with pytest.raises(ModelError, match="1 bytes are missing"):
        check(path, content[:-1])


@pytest.mark.parametrize("alignment", [0, 2**20 + 1])
def test_alignment_that_cannot_be_is_refused(path: Path, alignment: int) -> None:
    with pytest.raises(ModelError, match="its alignment"):
        check(path, head(number("general.alignment", alignment)))


def test_alignment_that_is_no_number_is_refused(path: Path) -> None:
    with pytest.raises(ModelError, match="its alignment"):
        check(path, head(fact("general.alignment", 8, text("32"))))


def test_tensor_of_an_unknown_type_is_not_measured(path: Path) -> None:
    entries = (tensor("one", (256, 2**30), UNKNOWN, 0),)

    assert check(path, padded(head(tensors=entries))).tensors == 1


def test_last_tensor_in_the_file_need_not_be_the_last_in_the_table(path: Path) -> None:
    content = padded(head(tensors=TENSORS[::-1])) + bytes(TENSOR_BYTES)

    with pytest.raises(ModelError, match="1 bytes are missing"):
        check(path, content[:-1])


@pytest.mark.parametrize(
    ("tensors", "facts"), [(MAX_TENSORS + 1, 0), (0, MAX_FACTS + 1), (2**64 - 1, 2**64 - 1)]
)
def test_counts_beyond_all_reason_are_refused(path: Path, tensors: int, facts: int) -> None:
    with pytest.raises(ModelError, match="more than there can be"):
        check(path, b"GGUF" + struct.pack("<IQQ", 3, tensors, facts))


@pytest.mark.parametrize(("tensors", "facts"), [(MAX_TENSORS, 0), (0, MAX_FACTS)])
def test_counts_that_can_just_be_are_read(path: Path, tensors: int, facts: int) -> None:
    with pytest.raises(ModelError, match="truncated"):
        check(path, b"GGUF" + struct.pack("<IQQ", 3, tensors, facts))


def test_string_of_a_mebibyte_is_read(path: Path) -> None:
    assert check(path, head(fact("template", 8, text(bytes(MAX_STRING_BYTES))))).version == 3


def test_longer_string_is_refused(path: Path) -> None:
    with pytest.raises(ModelError, match="a string of 1048577 bytes"):
        check(path, head(fact("template", 8, struct.pack("<Q", MAX_STRING_BYTES + 1))))


def test_head_may_have_its_largest_size_and_no_more(path: Path) -> None:
    before = len(head(fact("list", 9, array(0, 0, b""))))
    room = MAX_HEADER_BYTES - before

    with pytest.raises(ModelError, match=f"truncated: at least {room} bytes"):
        check(path, head(fact("list", 9, array(0, room, b""))))
    with pytest.raises(ModelError, match="its head is larger"):
        check(path, head(fact("list", 9, array(0, room + 1, b""))))


@pytest.mark.parametrize(
    "value", [struct.pack("<I", 13), struct.pack("<I", 9) + array(9, 1, array(0, 0, b""))]
)
def test_value_of_a_type_that_is_none_is_refused(path: Path, value: bytes) -> None:
    with pytest.raises(ModelError, match="of the unknown type"):
        check(path, b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("key") + value)


def test_four_dimensions_are_read_and_a_fifth_is_refused(path: Path) -> None:
    content = padded(head(tensors=(tensor("one", (1, 1, 1, 8), F32, 0),))) + bytes(32)

    assert check(path, content).tensors == 1
    with pytest.raises(ModelError, match="5 dimensions"):
        check(path, head(tensors=(tensor("one", (1, 1, 1, 1, 8), F32, 0),)))


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (tensor("one", (2**40 + 1,), F32, 0), "a dimension of 1099511627777"),
        (tensor("one", (1,), F32, 2**50 + 1), "lies at 1125899906842625"),
    ],
)
def test_tensor_beyond_all_reason_is_refused(path: Path, entry: bytes, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        check(path, head(tensors=(entry,)))


def test_largest_tensor_that_is_read_is_missing(path: Path) -> None:
    entry = tensor("one", (2**40,), F32, 2**50)

    with pytest.raises(ModelError, match=f"{2**50 + 2**42} bytes are missing"):
        check(path, padded(head(tensors=(entry,))))


def test_facts_of_another_kind_than_expected_are_passed_over(path: Path) -> None:
    facts = (
        number("general.architecture", 5),
        fact("qwen2.block_count", 8, text("many")),
        number("qwen2.context_length", 2**32 - 1),
    )

    assert check(path, head(*facts)) == GgufFile(version=3, tensors=0)


def test_zero_heads_divide_nothing(path: Path) -> None:
    facts = (fact("general.architecture", 8, text("a")), number("a.attention.head_count", 0))

    assert check(path, head(*facts)).architecture == "a"
