"""Build one WebAssembly module: run compilers, look at what came of it, translate it to machine code.

The compilers work on untrusted text: what is left here is trusted no more than the text.
"""

from __future__ import annotations

import os

import wasm  # type: ignore[import-not-found]
import wasmtime  # type: ignore[import-not-found]

TYPE_CHECKING = False  # `typing` alone would double a fresh start
if TYPE_CHECKING:
    from typing import Any, NoReturn

_OLD_WASI = "wasi_unstable"
_MAX_NAMES = 8
_MAGIC = b"\0asm"
#: Beginning of the names in a module, and what a linker calls the stub that stands for a missing `main`.
_NAMES, _NO_MAIN = b"\4name", b"undefined_weak:main"


class ModuleError(Exception):
    """The module cannot be run here; the message says why."""


def run(request: dict[str, Any], pipe: int, following: None = None) -> NoReturn:
    """Take the steps, leave the module and its machine code as files, and exit.

    Args:
        request: Has in `options`: `source`, the name for the program in the working folder; `steps`, the
            commands that make `module` out of it; `outputs`, a new folder for `main.wasm` and `main.cwasm`.
        pipe: Of no use here: the exit code says it all.
        following: Nothing: there is one build for each process.
    """
    options = request["options"]
    os.close(pipe)
    os.mkdir(options["outputs"], 0o700)
    _write(options["source"], request["code"])
    for step in options["steps"]:
        _take(step)
    try:
        binary = _binary(options["module"])
        code = _translated(binary)
    except ModuleError as error:
        _fail(str(error))
    except wasmtime.WasmtimeError as error:
        _fail(f"error: not a valid module: {error}")
    _write(f"{options['outputs']}/main.wasm", binary)
    _write(f"{options['outputs']}/main.cwasm", code)
    os._exit(0)


def _write(path: str, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    while data:
        data = data[os.write(descriptor, data) :]
    os.close(descriptor)


def _take(step: list[str]) -> None:
    """Run one command to its end; leave if it fails, after what it has said on stderr."""
    child = os.posix_spawn(step[0], step, os.environ)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        _fail(f"error: the compiler was ended by signal {os.WTERMSIG(status)}")
    if status != 0:
        os._exit(os.WEXITSTATUS(status))


def _binary(path: str) -> bytes:
    """Read a module, and assemble it if it is text."""
    with open(path, "rb") as file:
        data = file.read()
    if data.startswith(_MAGIC):
        return data
    if not path.endswith(".wat"):
        raise ModuleError("error: not a WebAssembly module: it does not begin with `\\0asm`")
    return bytes(wasmtime.wat2wasm(data))


def _translated(binary: bytes) -> bytes:
    """Validate a module and return its machine code, for an engine like ours."""
    if binary[4:8] != b"\1\0\0\0":
        raise ModuleError("error: a component, or a module of an unknown version; only core modules are run")
    if _NO_MAIN in binary.rpartition(_NAMES)[2]:
        raise ModuleError("error: undefined symbol: main")
    module = wasmtime.Module(wasm.configured(in_parallel=True), binary)
    _check_imports(module)
    return bytes(module.serialize())


def _check_imports(module: Any) -> None:
    store = wasmtime.Store(wasm.ENGINE)
    missing = [f"{one.module}.{one.name}" for one in module.imports if not _is_provided(store, one)]
    if not missing:
        return
    names = ", ".join(f"`{name[:100]}`" for name in missing[:_MAX_NAMES])
    more = f" and {len(missing) - _MAX_NAMES} more" if len(missing) > _MAX_NAMES else ""
    hint = (
        "; compile it for `wasi_snapshot_preview1`"
        if any(name.startswith(_OLD_WASI) for name in missing)
        else ""
    )
    raise ModuleError(f"error: the module imports what nobody provides: {names}{more}{hint}")


def _is_provided(store: Any, wanted: Any) -> bool:
    try:
        wasm.LINKER.get(store, wanted.module, wanted.name)
    except KeyError:
        return False
    return True


def _fail(message: str) -> NoReturn:
    os.write(2, f"{message}\n".encode("utf-8", "backslashreplace"))
    os._exit(1)
