"""Setting up the compiler for Rust: a copy of the machine's own that can compile for WASI.

A jail sees no folder of the host. What rustc needs is copied: the program, the libraries that it is linked
with, the standard library of one platform, and a linker.
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from engine._exceptions import RuntimeUnavailableError
from engine._process import ToolError, run_tool
from runtimes.environments._libraries import linked_libraries
from runtimes.environments._staging import Progress, size_of, staged

from ._rust_hint import RUST_HINT
from ._toolchain import Toolchain, found_or_none, toolchain_folder, toolchain_hash, use, write_manifest

#: The newer name first. Before Rust 1.78 there was only the other one.
TARGETS = ("wasm32-wasip1", "wasm32-wasi")
#: Where distributions have it; another one may be before it on the path.
_DEBIAN = "/usr/bin/rustc"
_SECONDS = 120.0
_RELEASE = re.compile(r"^release: (\S+)$", re.MULTILINE)
#: Where a C library for WASI is, if the standard library of Rust does not bring its own.
_SYSTEM_WASI = Path("/usr/lib/wasm32-wasi")


class Rust(NamedTuple):
    """A compiler on this machine that can do it.

    Attributes:
        rustc: The program itself.
        sysroot: Where its libraries are.
        target: What it calls the platform.
        linker: For WebAssembly.
        release: Its version.
    """

    rustc: Path
    sysroot: Path
    target: str
    linker: Path
    release: str


def ensure_rust(cache: Path, progress: Progress) -> Toolchain:
    """Return the compiler for Rust, copying the machine's if that is another one than last time.

    The caller holds the cache's lock.

    Raises:
        RuntimeUnavailableError: The machine has none that can compile for WASI.
    """
    rust = find_rust()
    wanted = toolchain_hash(*map(str, rust), *map(_state, (rust.rustc, rust.linker, _library(rust))))
    found = found_or_none(cache, "rust")
    if found is not None and found.hash == wanted:
        return found
    progress(f"copying the compiler for Rust ({rust.release}, {rust.sysroot})")
    with staged(toolchain_folder(cache, "rust") / wanted) as staging:
        _copy(rust, staging)
        toolchain = Toolchain(
            name="rust", hash=wanted, version=rust.release, target=rust.target, bytes=size_of(staging)
        )
        write_manifest(staging, toolchain)
    use(cache, toolchain)
    progress(f"the compiler for Rust is ready: {rust.release}")
    return toolchain


def find_rust() -> Rust:
    """Find a compiler that can compile for WASI, and a linker for it.

    Raises:
        RuntimeUnavailableError: There is none.
    """
    sysroots = list(dict.fromkeys(_sysroots()))
    for sysroot in sysroots:
        for target in TARGETS:
            if _is_installed(sysroot, target):
                return _complete(sysroot, target)
    lacking = f"; without it: {', '.join(map(str, sysroots))}" if sysroots else ""
    targets = " or ".join(f"`{target}`" for target in TARGETS)
    raise RuntimeUnavailableError(f"no Rust here has the target {targets}{lacking}", hint=RUST_HINT)


def _sysroots() -> Iterator[Path]:
    """Look where rustc is: on the path, in Debian's place, and in all toolchains of rustup."""
    for rustc in (shutil.which("rustc"), _DEBIAN):
        if rustc is not None and os.access(rustc, os.X_OK):
            try:
                answer = run_tool([rustc, "--print", "sysroot"], timeout_seconds=_SECONDS)
            except ToolError:
                continue  # a shim without a toolchain
            yield Path(answer.strip())
    home = Path(os.environ.get("RUSTUP_HOME") or Path.home() / ".rustup")
    yield from sorted(home.glob("toolchains/*"))


def _is_installed(sysroot: Path, target: str) -> bool:
    has_library = any((sysroot / "lib/rustlib" / target / "lib").glob("libstd-*.rlib"))
    return has_library and (sysroot / "bin/rustc").is_file()


def _complete(sysroot: Path, target: str) -> Rust:
    rustc = sysroot / "bin/rustc"
    try:
        release = _RELEASE.search(run_tool([rustc, "-vV"], timeout_seconds=_SECONDS))
    except ToolError as error:
        raise RuntimeUnavailableError(f"`{rustc}` does not start: {error}", hint=RUST_HINT) from error
    return Rust(rustc, sysroot, target, _linker(sysroot), release[1] if release else "unknown")


def _linker(sysroot: Path) -> Path:
    own = sorted(sysroot.glob("lib/rustlib/*/bin/rust-lld"))
    system = shutil.which("wasm-ld") or next(map(str, sorted(Path("/usr/bin").glob("wasm-ld-*"))), None)
    if own:
        return own[0]
    if system is not None:
        return Path(system).resolve()
    raise RuntimeUnavailableError("Rust has no linker for WebAssembly here", hint=RUST_HINT)


def _library(rust: Rust) -> Path:
    return rust.sysroot / "lib/rustlib" / rust.target / "lib"


def _state(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def _copy(rust: Rust, staging: Path) -> None:
    programs = staging / "bin"
    libraries = staging / "lib"
    programs.mkdir()
    shutil.copytree(_library(rust), libraries / "rustlib" / rust.target / "lib")
    shutil.copyfile(rust.rustc, programs / "rustc")
    shutil.copyfile(rust.linker, programs / "wasm-ld")
    for program in programs.iterdir():
        program.chmod(0o755)
    for name, path in linked_libraries([rust.rustc, rust.linker]).items():
        shutil.copyfile(path, libraries / name)
    if _SYSTEM_WASI.is_dir():
        shutil.copytree(_SYSTEM_WASI, libraries / "wasi")
