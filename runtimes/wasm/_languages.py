"""The languages of this runtime, and how a program in each becomes a module: commands for a compile jail."""

from functools import lru_cache
from pathlib import PurePosixPath
from typing import NamedTuple

from ._clang import C_ENDINGS, CPP_ENDINGS, HEADER_ENDINGS, clang_steps
from ._rustc import RUST_ENDINGS, rustc_steps
from ._toolchain import Name

#: Where the compilers leave the module, and their objects.
MODULE = "/box/tmp/main.wasm"


class Language(NamedTuple):
    """How programs in one language are built.

    Attributes:
        source: Name of the program in the working folder.
        toolchain: What compiles it; None for what is a module already.
        endings: Of the input files that a compiler sees; what they hold decides over the module.
        compiled: Of those that are compiled and linked on their own.
    """

    source: str
    toolchain: Name | None = None
    endings: frozenset[str] = frozenset()
    compiled: frozenset[str] = frozenset()


_C_FAMILY = C_ENDINGS | CPP_ENDINGS
LANGUAGES = {
    "c": Language("main.c", "c", _C_FAMILY | HEADER_ENDINGS, _C_FAMILY),
    "cpp": Language("main.cpp", "c", _C_FAMILY | HEADER_ENDINGS, _C_FAMILY),
    "rust": Language("main.rs", "rust", RUST_ENDINGS),
    "wat": Language("main.wat"),
    "wasm": Language("main.wasm"),
}


def ending(name: str) -> str:
    """Return the ending of a file name, in lower case, with the dot."""
    return PurePosixPath(name).suffix.lower()


type Steps = tuple[tuple[str, ...], ...]


@lru_cache(maxsize=256)
def steps(language: Language, names: tuple[str, ...], flags: tuple[str, ...], target: str) -> Steps:
    """Return the commands that make `MODULE`, in order.

    Remembered, as every run of a program asks, to know whether it has been compiled.

    Args:
        language: Of the program.
        names: Of the input files that the compiler sees.
        flags: For the compiler.
        target: What the toolchain calls the platform.
    """
    if language.toolchain is None:
        return ()
    if language.toolchain == "rust":
        return tuple(map(tuple, rustc_steps(language.source, flags, MODULE, target)))
    others = [name for name in names if ending(name) in language.compiled]
    return tuple(map(tuple, clang_steps([language.source, *sorted(others)], flags, MODULE)))
