"""Building llama-cpp-python from its source, without servers, tools and tests: a third of the time."""

import os
import shlex
import shutil
from pathlib import Path

from agent._model import ModelError

from ._progress import Say, ticking
from ._uv import install

VERSION = "0.3.36"
#: Of the source that is published under this version; nothing else is built.
_SOURCE_SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
_OPTIONS = (
    "-DLLAVA_BUILD=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_TOOLS=OFF",
    "-DLLAMA_BUILD_SERVER=OFF",
    "-DGGML_NATIVE=ON",
)
#: Read by CMake behind the command line: llama-cpp-python's own build file switches on what the first line
#: switches off. AMX would want the weights in a form of its own, which is a second copy of them in memory.
_LEAN = """\
set(LLAMA_BUILD_COMMON OFF)
if (CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    add_compile_options(-mno-amx-tile -mno-amx-int8 -mno-amx-bf16)
endif()
"""
_COMPILERS = ("c++", "g++", "clang++")


def cmake_options() -> tuple[str, ...]:
    """Return the options of the build: ours, then the user's from `CMAKE_ARGS`, which win."""
    return (*_OPTIONS, *filter(None, [os.environ.get("CMAKE_ARGS", "").strip()]))


def build_wheel(scratch: Path, say: Say) -> Path:
    """Fetch the source, build it below `scratch`, and return the wheel.

    Raises:
        ModelError: There is no compiler.
        ToolError: The build failed.
        OSError: `scratch` cannot be written.
    """
    _require_compiler()
    lean = scratch / "lean.cmake"
    lean.write_text(_LEAN, encoding="ascii")
    requirement = scratch / "library.txt"
    requirement.write_text(f"llama-cpp-python=={VERSION} --hash=sha256:{_SOURCE_SHA256}\n", encoding="ascii")
    arguments = " ".join([*cmake_options(), f"-DCMAKE_PROJECT_INCLUDE={shlex.quote(str(lean))}"])
    say(f"building llama-cpp-python {VERSION}, which runs models: this takes some minutes, once")
    with ticking(say, "building llama-cpp-python"):
        install(
            "--requirements",
            requirement,
            "--require-hashes",
            "--no-deps",
            "--no-binary",
            "llama-cpp-python",
            # uv keeps what it built in its cache: in one of our own the wheel is easily found.
            "--cache-dir",
            scratch / "cache",
            target=scratch / "built",
            cwd=scratch,
            env={"CMAKE_ARGS": arguments},
        )
    return _built(scratch / "cache")


def _built(cache: Path) -> Path:
    for wheel in cache.rglob("llama_cpp_python-*.whl"):
        if wheel.is_file():
            return wheel
    raise ModelError("the build left no wheel", hint="try another version of `uv`")


def _require_compiler() -> None:
    chosen = os.environ.get("CXX", "")
    names = (chosen.split()[0],) if chosen.strip() else _COMPILERS
    if not any(shutil.which(name) for name in names):
        raise ModelError(
            f"there is no C++ compiler: looked for {', '.join(f'`{name}`' for name in names)}",
            hint="install one, for example with `apt install g++`",
        )
