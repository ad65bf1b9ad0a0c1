"""Setting up the compiler for C and C++: clang and wasm-ld as Zig brings them, and the libraries, built once.

Zig builds its C and C++ libraries from source when a program first needs them, which takes minutes. That is
done here, once, and what came of it is kept. Compile jails then call clang and the linker directly: nothing
of Zig's own cache is needed, or could be changed.
"""

import shutil
from importlib.resources import files
from pathlib import Path

from engine._exceptions import RuntimeUnavailableError
from engine._process import ToolError, run_tool
from runtimes.environments._host_python import host_python
from runtimes.environments._staging import Progress, size_of, staged
from runtimes.environments._uv import install

from ._toolchain import Toolchain, found_or_none, toolchain_folder, toolchain_hash, use, write_manifest

TARGET = "wasm32-wasi"
#: Folder of Zig's library -> where clang finds the same in the toolchain.
_HEADERS = {
    "include": "include/clang",
    "libc/include/wasm-wasi-musl": "include/wasi",
    "libc/include/generic-musl": "include/musl",
    "libcxx/include": "include/c++",
    "libcxxabi/include": "include/c++abi",
}
#: What a program for each language is linked with; the first builds take a minute each.
_LIBRARIES = {
    "c": ("crt1-command.o", "libc.a", "libzigc.a", "libcompiler_rt.a"),
    "c++": ("libc++.a", "libc++abi.a"),
}
#: Without debugging information: a linker that need not read it takes half of the time.
_OPTIONS = ("-target", TARGET, "-O2", "-s")
_PROGRAM = "int main(void) { return 0; }\n"
_SECONDS = 1800.0


def ensure_zig(cache: Path, progress: Progress) -> Toolchain:
    """Return the compiler for C and C++, building it if this version is not there. Needs the package index.

    The caller holds the cache's lock.

    Raises:
        RuntimeUnavailableError: It cannot be fetched or built; one that was there before stays usable.
    """
    lock = files(__package__).joinpath("zig.txt").read_text(encoding="utf-8")
    everything = files(__package__).joinpath("stdc++.h").read_text(encoding="utf-8")
    wanted = toolchain_hash(
        TARGET, lock, everything, *_OPTIONS, *_HEADERS, *_LIBRARIES["c"], *_LIBRARIES["c++"]
    )
    found = found_or_none(cache, "c")
    if found is not None and found.hash == wanted:
        return found
    with staged(toolchain_folder(cache, "c") / wanted) as staging:
        zig = _fetch(lock, staging, progress)
        _build_libraries(zig, staging, progress)
        _keep(zig, staging)
        _add_header(everything, staging)
        version = lock.partition("ziglang==")[2].split()[0]
        toolchain = Toolchain(name="c", hash=wanted, version=version, target=TARGET, bytes=size_of(staging))
        write_manifest(staging, toolchain)
    use(cache, toolchain)
    progress(f"the compiler for C and C++ is ready: Zig {version}")
    return toolchain


def _fetch(lock: str, staging: Path, progress: Progress) -> Path:
    """Install Zig as its lock says; return its folder."""
    progress("fetching the compiler for C and C++ (100 MB)")
    requirements = staging / "requirements.txt"
    requirements.write_text(lock, encoding="utf-8")
    packages = staging / "packages"
    try:
        install(requirements, packages, python=host_python().executable, wheels=None)
    except ToolError as error:
        raise RuntimeUnavailableError(
            f"the compiler for C and C++ cannot be installed: {error}",
            hint="the first set-up needs the package index; what was fetched is kept for the next try",
        ) from error
    requirements.unlink()
    return packages / "ziglang"


def _build_libraries(zig: Path, staging: Path, progress: Progress) -> None:
    """Have Zig build what programs are linked with, and keep that."""
    libraries = staging / "lib"
    libraries.mkdir()
    work = staging / "work"
    work.mkdir()
    source = work / "main.c"
    source.write_text(_PROGRAM, encoding="utf-8")
    for number, (language, names) in enumerate(_LIBRARIES.items(), start=1):
        label = {"c": "C", "c++": "C++"}[language]
        progress(f"building the {label} library ({number} of {len(_LIBRARIES)}; takes minutes)")
        command: list[str] = ["cc"] if language == "c" else ["c++", "-x", "c++", "-fno-exceptions"]
        built: list[str | Path] = [zig / "zig", *command, *_OPTIONS, source, "-o", work / "main.wasm"]
        try:
            run_tool(built, timeout_seconds=_SECONDS, cwd=work, env=_cache_variables(work))
        except ToolError as error:
            raise RuntimeUnavailableError(f"the {label} library cannot be built: {error}") from error
        for name in names:
            shutil.copyfile(_newest(work, name), libraries / name)
    shutil.rmtree(work)


def _cache_variables(work: Path) -> dict[str, str]:
    """Keep Zig's caches out of the user's: what is built here is to depend on nothing that was there."""
    return {"ZIG_GLOBAL_CACHE_DIR": str(work / "cache"), "ZIG_LOCAL_CACHE_DIR": str(work / "cache")}


def _newest(work: Path, name: str) -> Path:
    found = sorted(work.glob(f"cache/o/*/{name}"), key=lambda path: path.stat().st_mtime_ns)
    if not found:
        raise RuntimeUnavailableError(
            f"Zig has built no `{name}`", hint="report it: this version of isorun and of Zig do not fit"
        )
    return found[-1]


def _add_header(text: str, staging: Path) -> None:
    """Add the header that the library of GCC has and this one lacks."""
    header = staging / "include/c++/bits/stdc++.h"
    header.parent.mkdir()
    header.write_text(text, encoding="utf-8")


def _keep(zig: Path, staging: Path) -> None:
    """Keep the binary and the headers of what Zig brings for all platforms; drop the rest."""
    for source, target in _HEADERS.items():
        shutil.copytree(zig / "lib" / source, staging / target)
    (zig / "zig").rename(staging / "zig")
    shutil.rmtree(staging / "packages")
