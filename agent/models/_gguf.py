"""What a GGUF file says about itself, and whether all of it is there. Nothing in it is trusted.

llama.cpp crashes or reads beyond the end when a file is cut off, so it is looked at before.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from agent._model import ModelError

from ._gguf_reader import HeaderCut, HeaderReader, Scalar

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
#: The largest models have some thousand.
MAX_TENSORS = 100_000
MAX_FACTS = 100_000
_MAX_DIMENSIONS = 4
_MAX_DIMENSION = 2**40
_MAX_OFFSET = 2**50
_DEFAULT_ALIGNMENT = 32
_MAX_ALIGNMENT = 2**20
#: Of a value of the context, which is kept in 16 bits for keys and for values.
_CONTEXT_VALUE_BYTES = 2 * 2
#: ggml's types by number: how many values are a block, and its bytes. Other types are not measured.
_TYPES: Mapping[int, tuple[int, int]] = MappingProxyType(
    {
        0: (1, 4),  # F32
        1: (1, 2),  # F16
        2: (32, 18),  # Q4_0
        3: (32, 20),  # Q4_1
        6: (32, 22),  # Q5_0
        7: (32, 24),  # Q5_1
        8: (32, 34),  # Q8_0
        10: (256, 84),  # Q2_K
        11: (256, 110),  # Q3_K
        12: (256, 144),  # Q4_K
        13: (256, 176),  # Q5_K
        14: (256, 210),  # Q6_K
        16: (256, 66),  # IQ2_XXS
        17: (256, 74),  # IQ2_XS
        18: (256, 98),  # IQ3_XXS
        19: (256, 50),  # IQ1_S
        20: (32, 18),  # IQ4_NL
        21: (256, 110),  # IQ3_S
        22: (256, 82),  # IQ2_S
        23: (256, 136),  # IQ4_XS
        24: (1, 1),  # I8
        25: (1, 2),  # I16
        26: (1, 4),  # I32
        27: (1, 8),  # I64
        28: (1, 8),  # F64
        29: (256, 56),  # IQ1_M
        30: (1, 2),  # BF16
    }
)


class GgufFile(msgspec.Struct, frozen=True, kw_only=True):
    """A GGUF file that is whole, as far as can be seen.

    Attributes:
        version: Of the format.
        architecture: Such as `qwen2`; empty if the file does not say.
        context_tokens: How long a context the model was made for; 0 if the file does not say.
        context_bytes_per_token: What a token of the context takes, at 16 bits a value; 0 if unknown.
    """

    version: int
    tensors: int
    architecture: str = ""
    context_tokens: int = 0
    context_bytes_per_token: int = 0


def check_gguf(path: Path) -> GgufFile:
    """Read the header of a file and compare what it promises with the file's size.

    Costs a fifth of a second for a vocabulary of 150,000 tokens; the weights are not read.

    Raises:
        ModelError: It is no GGUF file, or a part of it is missing.
    """
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            return _check(HeaderReader(file), size, path)
    except HeaderCut as cut:
        raise _truncated(path, cut.missing_bytes, at_least=True) from cut
    except OSError as error:
        raise ModelError(f"`{path}` cannot be read: {error.strerror}", hint="look who may read it") from error
    except ValueError as error:
        raise _no_gguf(path, str(error)) from error


def _check(reader: HeaderReader, size: int, path: Path) -> GgufFile:
    if size < len(_MAGIC) or reader.take(len(_MAGIC)) != _MAGIC:
        raise ValueError("it does not begin with `GGUF`")
    version = reader.unsigned(4)
    if version not in _VERSIONS:
        raise ValueError(f"its version {version} is not 2 or 3")
    tensor_count = reader.unsigned(8)
    fact_count = reader.unsigned(8)
    if tensor_count > MAX_TENSORS or fact_count > MAX_FACTS:
        raise ValueError(f"{tensor_count} tensors and {fact_count} facts are more than there can be")
    facts = reader.facts(fact_count)
    end = max((_tensor_end(reader) for _ in range(tensor_count)), default=0)
    alignment = _alignment(facts)
    start = -(-reader.at // alignment) * alignment if tensor_count else reader.at
    if start + end > size:
        raise _truncated(path, start + end - size)
    return _described(version, tensor_count, facts)


def _tensor_end(reader: HeaderReader) -> int:
    """Read an entry of the tensor table; return where the tensor ends, counted from the first one's start."""
    reader.text()
    dimension_count = reader.unsigned(4)
    if dimension_count > _MAX_DIMENSIONS:
        raise ValueError(f"a tensor has {dimension_count} dimensions")
    values = 1
    for _ in range(dimension_count):
        dimension = reader.unsigned(8)
        if dimension > _MAX_DIMENSION:
            raise ValueError(f"a tensor has a dimension of {dimension}")
        values *= dimension
    kind = reader.unsigned(4)
    offset = reader.unsigned(8)
    if offset > _MAX_OFFSET:
        raise ValueError(f"a tensor lies at {offset}")
    block_values, block_bytes = _TYPES.get(kind, (1, 0))
    return offset + -(-values // block_values) * block_bytes


def _alignment(facts: Mapping[str, Scalar]) -> int:
    alignment = facts.get("general.alignment", _DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or not 0 < alignment <= _MAX_ALIGNMENT:
        raise ValueError(f"its alignment is {str(alignment)[:20]}")
    return alignment


def _described(version: int, tensors: int, facts: Mapping[str, Scalar]) -> GgufFile:
    named = facts.get("general.architecture", "")
    architecture = named if isinstance(named, str) else ""

    def fact(name: str, default: int = 0) -> int:
        value = facts.get(f"{architecture}.{name}", default)
        return value if isinstance(value, int) and 0 < value < 2**31 else default

    heads = fact("attention.head_count", 1)
    width = fact("attention.key_length", fact("embedding_length") // heads)
    per_layer = fact("attention.head_count_kv", heads) * width * _CONTEXT_VALUE_BYTES
    return GgufFile(
        version=version,
        tensors=tensors,
        architecture=architecture,
        context_tokens=fact("context_length"),
        context_bytes_per_token=fact("block_count") * per_layer,
    )


def _truncated(path: Path, missing: int, *, at_least: bool = False) -> ModelError:
    amount = f"at least {missing}" if at_least else str(missing)
    return ModelError(
        f"`{path}` is truncated: {amount} bytes are missing", hint="copy or pull the file again"
    )


def _no_gguf(path: Path, why: str) -> ModelError:
    return ModelError(f"`{path}` is not a GGUF file: {why}", hint="give a model in llama.cpp's format GGUF")
