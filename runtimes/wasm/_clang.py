"""Command lines of clang and its linker for WebAssembly: pure, and run in a jail only."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from ._toolchain import TOOLCHAIN

#: Languages by the ending of a file, in lower case. Other input files are seen as headers, or not at all.
C_ENDINGS = frozenset({".c"})
CPP_ENDINGS = frozenset({".cc", ".cpp", ".cxx"})
HEADER_ENDINGS = frozenset({".h", ".hh", ".hpp", ".hxx", ".inc", ".inl"})

_ZIG = f"{TOOLCHAIN}/zig"
_LIBRARIES = f"{TOOLCHAIN}/lib"
_STACK_BYTES = 8 << 20
#: The features that all engines have had for years, and the functions that WASI can imitate.
_COMMON = (
    "--target=wasm32-wasip1",
    "-nostdinc",
    "-O2",
    "-msimd128",
    "-mbulk-memory",
    "-mmultivalue",
    "-mmutable-globals",
    "-mnontrapping-fptoint",
    "-mreference-types",
    "-msign-ext",
    "-mextended-const",
    "-fno-exceptions",
    "-fvisibility=hidden",
    "-fno-color-diagnostics",
    "-D_WASI_EMULATED_GETPID",
    "-D_WASI_EMULATED_MMAN",
    "-D_WASI_EMULATED_PROCESS_CLOCKS",
    "-D_WASI_EMULATED_SIGNAL",
)
_HEADERS = tuple(f"-isystem{TOOLCHAIN}/include/{name}" for name in ("clang", "wasi", "musl"))
_CPP_HEADERS = tuple(f"-isystem{TOOLCHAIN}/include/{name}" for name in ("c++", "c++abi"))
#: How Zig builds its C++ library: headers and library have to agree.
_CPP_LIBRARY = tuple(
    f"-D{name}"
    for name in (
        "_LIBCPP_ABI_VERSION=1",
        "_LIBCPP_ABI_NAMESPACE=__1",
        "_LIBCPP_HAS_THREADS=0",
        "_LIBCPP_HAS_MONOTONIC_CLOCK",
        "_LIBCPP_HAS_TERMINAL",
        "_LIBCPP_HAS_MUSL_LIBC=1",
        "_LIBCXXABI_DISABLE_VISIBILITY_ANNOTATIONS",
        "_LIBCPP_DISABLE_VISIBILITY_ANNOTATIONS",
        "_LIBCPP_HAS_VENDOR_AVAILABILITY_ANNOTATIONS=0",
        "_LIBCPP_HAS_FILESYSTEM=0",
        "_LIBCPP_HAS_RANDOM_DEVICE",
        "_LIBCPP_HAS_LOCALIZATION",
        "_LIBCPP_HAS_UNICODE",
        "_LIBCPP_HAS_WIDE_CHARACTERS",
        "_LIBCPP_HAS_NO_STD_MODULES",
        "_LIBCPP_PSTL_BACKEND_SERIAL",
        "_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_NONE",
        "_LIBCPP_ASSERTION_SEMANTIC_DEFAULT=_LIBCPP_ASSERTION_SEMANTIC_IGNORE",
    )
)


def clang_steps(sources: Sequence[str], flags: Sequence[str], module: str) -> list[list[str]]:
    """Return the commands, in order, that make a module out of sources.

    Args:
        sources: Names in the working folder; the ending says which language each is in.
        flags: On top of ours, so that they win.
        module: Path of what comes out of it.
    """
    objects = [f"{module}.{number}.o" for number in range(len(sources))]
    steps = [_compile(source, target, flags) for source, target in zip(sources, objects, strict=True)]
    return [*steps, _link(objects, module, is_cpp=any(map(_is_cpp, sources)))]


def _compile(source: str, target: str, flags: Sequence[str]) -> list[str]:
    language = (*_CPP_HEADERS, *_HEADERS, *_CPP_LIBRARY) if _is_cpp(source) else _HEADERS
    fitting = [flag for flag in flags if _fits(flag, is_cpp=_is_cpp(source))]
    return [_ZIG, "clang", *_COMMON, *language, *fitting, "-c", "-o", target, "--", source]


def _fits(flag: str, *, is_cpp: bool) -> bool:
    """Whether a flag is for this language, where a program has files in both; and not for the linker."""
    if flag.startswith("-std="):
        return is_cpp == ("++" in flag)
    return not flag.startswith("-l")


def _link(objects: Sequence[str], module: str, *, is_cpp: bool) -> list[str]:
    cpp = ("libc++.a", "libc++abi.a") if is_cpp else ()
    libraries = (*cpp, "libc.a", "libzigc.a", "libcompiler_rt.a")
    return [
        _ZIG,
        "wasm-ld",
        "--export-memory",
        # A module that stops for lack of memory has said so there.
        "--export-if-defined=errno",
        "--stack-first",
        "--strip-debug",
        "--threads=1",
        "-z",
        f"stack-size={_STACK_BYTES}",
        f"{_LIBRARIES}/crt1-command.o",
        *objects,
        *(f"{_LIBRARIES}/{name}" for name in libraries),
        "-o",
        module,
    ]


def _is_cpp(source: str) -> bool:
    return PurePosixPath(source).suffix.lower() in CPP_ENDINGS
