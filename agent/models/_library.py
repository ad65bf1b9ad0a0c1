"""The library that runs models, llama-cpp-python: found, or built once from its source.

A build runs code of the package on this machine. So only `ensure_library` builds, for commands that
say so.
"""

import hashlib
import importlib.util
import platform
import shutil
import sys
from pathlib import Path

from agent._model import ModelError
from engine._process import ToolError

from ._folders import make_folder, only_one, scratch, writing
from ._library_build import VERSION, build_wheel, cmake_options
from ._progress import Say, ticking
from ._uv import WHEELS_ONLY, install, reason

_MODULE = "llama_cpp"
_HASH_CHARACTERS = 12


def find_library(cache: Path) -> Path | None:
    """Return the folder with the library; None if it can be imported as it is.

    Raises:
        ModelError: It is not here.
    """
    if is_installed():
        return None
    folder = library_folder(cache)
    if not (folder / _MODULE).is_dir():
        raise ModelError(
            "the library that runs models is not here",
            hint="run `isorun model library`, which builds it once in some minutes; "
            "or install isorun with the extra `agent`",
        )
    return folder


def is_installed() -> bool:
    """Whether the library is in the environment that isorun runs in."""
    return importlib.util.find_spec(_MODULE) is not None


def library_folder(cache: Path) -> Path:
    """Return the folder for this version, this Python, this processor and these options of the build."""
    return cache / "model-library" / _key()


def ensure_library(cache: Path, say: Say) -> Path | None:
    """Have the library, built if need be, which takes minutes once; return as `find_library` does.

    The finished wheel is kept: without the folder, only that is unpacked again.

    Raises:
        ModelError: It cannot be built, or what it needs cannot be fetched.
    """
    if is_installed():
        return None
    folder = library_folder(cache)
    if (folder / _MODULE).is_dir():
        return folder
    try:
        with writing(folder), only_one(folder.parent, say):
            if not (folder / _MODULE).is_dir():
                _make(cache, folder, say)
    except ToolError as error:
        raise ModelError(
            f"the library that runs models cannot be built: {reason(error)}",
            hint="it needs a C++ compiler (`apt install g++`) and the Python package index, once",
        ) from error
    return folder


def _make(cache: Path, folder: Path, say: Say) -> None:
    wheels = cache / "wheels" / _key()
    with scratch(folder.parent) as staging:
        wheel = next(wheels.glob("*.whl"), None)
        if wheel is None:
            wheel = _keep(build_wheel(staging, say), wheels)
        say("installing the library that runs models")
        with ticking(say, "installing the library that runs models"):
            install(wheel, *WHEELS_ONLY, target=staging / "library", cwd=staging)
        if folder.exists():
            shutil.rmtree(folder)  # without the module in it, it is nothing of ours
        (staging / "library").rename(folder)


def _keep(wheel: Path, wheels: Path) -> Path:
    make_folder(wheels)
    staging = wheels / f"{wheel.name}.new"
    shutil.copyfile(wheel, staging)
    return staging.replace(wheels / wheel.name)


def _key() -> str:
    options = "\0".join([*cmake_options(), platform.machine(), _processor()])
    digest = hashlib.sha256(options.encode()).hexdigest()[:_HASH_CHARACTERS]
    return f"{VERSION}-{sys.implementation.cache_tag}-{digest}"


def _processor() -> str:
    """Return what the processor can do: a library built for one that can more would crash on this one."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    lines = (line.partition(":") for line in text.splitlines())
    return next((value for name, _, value in lines if name.strip() in ("flags", "Features")), "")
