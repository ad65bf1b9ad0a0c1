"""What a benchmark has to know of runtimes: how programs run without them, and which versions take part."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from engine import EngineConfig, EngineError
from engine._process import ToolError, run_tool
from engine.bench._floor import base_python
from engine.bench._native import Native
from engine.bench._peers import Containers

_DOCKER_SECONDS = 20.0


def natives(config: EngineConfig) -> dict[str, Native]:
    """Return how programs of each language run without a sandbox, as far as that can be here."""
    return {"python": _python(config.cache), **_javascript(config), **_c()}


def packages(config: EngineConfig) -> dict[str, str]:
    """Return a package for languages whose packages are fetched one by one."""
    from runtimes.deno._npm import find_npm

    try:
        npm = find_npm(config.cache)
    except EngineError:
        return {}
    return {} if npm is None or not npm.requested else {"javascript": next(iter(npm.requested))}


def containers() -> Containers:
    """Return how a container of ours is started by hand; the daemon is asked."""
    from runtimes.docker._catalog import reference
    from runtimes.docker._endpoint import find_socket

    docker = shutil.which("docker")
    if docker is None:
        return Containers(
            reason="there is no `docker` command; the package `docker.io` or `docker-cli` has it"
        )
    image = reference("python")
    try:
        command = (docker, "--host", f"unix://{find_socket()}")
        run_tool([*command, "image", "inspect", image], timeout_seconds=_DOCKER_SECONDS)
    except ToolError:
        return Containers(reason="its image is not there; run `isorun setup --image python`")
    except EngineError as error:
        return Containers(reason=f"{error}; {error.hint}" if error.hint else str(error))
    return Containers(command, image)


def versions(config: EngineConfig) -> dict[str, str]:
    """Return the versions of what runs programs, as far as files tell them."""
    return dict(_versions(config.cache))


def _versions(cache: Path) -> Iterator[tuple[str, str]]:
    from runtimes.environments import load_environment
    from runtimes.pyodide import find_pyodide
    from runtimes.wasm._toolchain import NAMES, find_toolchain

    with suppress(EngineError):
        yield "pyodide", find_pyodide(cache).version
    with suppress(EngineError):
        folder = load_environment(cache, "wasm").packages
        for found in [] if folder is None else folder.glob("wasmtime-*.dist-info"):
            yield "wasmtime", found.name.removeprefix("wasmtime-").removesuffix(".dist-info")
    for name in NAMES:
        with suppress(EngineError):
            toolchain = find_toolchain(cache, name)
            if toolchain is not None:
                yield f"compiler of {name}", toolchain.version


def _python(cache: Path) -> Native:
    """Return the guest's own copy of the interpreter, with the same packages.

    Where the cache of the disk keeps the file of an interpreter is worth some percent.
    """
    from runtimes.environments import load_environment

    for name in ("data", "base"):
        with suppress(EngineError):
            guest = load_environment(cache, name)
            python = guest.root / guest.python.removeprefix("/")
            prologue = ""
            if guest.packages is not None:
                prologue = f"import sys; sys.path.append({str(guest.packages)!r})\n"
            env = {"LD_LIBRARY_PATH": str(guest.root / "lib")}
            return Native((str(python), "-I", "-S"), ".py", prologue, env)
    return Native((base_python(), "-I", "-S"), ".py")


def _javascript(config: EngineConfig) -> dict[str, Native]:
    from runtimes.v8._binary import find_deno

    try:
        return {"javascript": Native((str(find_deno(config.deno, config.cache)), "run"), ".js")}
    except EngineError:
        return {}


def _c() -> dict[str, Native]:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return {}
    return {"c": Native(suffix=".c", compiler=(compiler, "-O2"), libraries=("-lm",))}
