"""The interpreter layer: a self-contained root folder with the Python that runs isorun."""

import fnmatch
import shutil
import sys
from pathlib import Path

import msgspec

from engine._exceptions import EngineError, RuntimeUnavailableError
from engine._process import run_tool

from ._compile import byte_compile
from ._host_python import HostPython
from ._layout import GUEST_PYTHON, GUEST_PYTHON_HOME, MANIFEST, interpreter_root
from ._libraries import Libraries, libraries_of
from ._manifest import InterpreterManifest, load_interpreter
from ._modules import importable_names
from ._skeleton import copy_locale, copy_zones, make_skeleton
from ._staging import Progress, size_of, staged

#: Not for guests: tests, graphical programs, installers, files for building C programs, and others' hooks.
_LEFT_OUT = (
    "__pycache__",
    "config-*",
    "dist-packages",
    "ensurepip",
    "idlelib",
    "lib-dynload",
    "site-packages",
    "sitecustomize.py",
    "test",
    "tests",
    "tkinter",
    "turtle.py",
    "turtledemo",
    "usercustomize.py",
)
_LEFT_OUT_EXTENSIONS = ("_tkinter*", "_test*", "_ctypes_test*", "_xxtest*", "xx*")
_PROBE_SECONDS = 30.0
#: Imports modules that have libraries of their own: builds differ, so each may be missing, but one that is
#: there must load. Then says where everything came from.
_PROBE = """
import importlib.util, sys
for name in ("_ctypes", "_ssl", "_hashlib", "_sqlite3", "_lzma", "_bz2", "zlib", "pyexpat", "_decimal"):
    if importlib.util.find_spec(name):
        __import__(name)
with open("/proc/self/maps") as maps:
    libraries = {line.split(maxsplit=5)[5].strip() for line in maps if ".so" in line}
print(sys.prefix, *sorted(libraries), sep="\\n")
"""


def ensure_interpreter(cache: Path, python: HostPython, progress: Progress) -> InterpreterManifest:
    """Return the interpreter layer of `python`; builds it if it is not there. The caller holds the lock.

    Raises:
        RuntimeUnavailableError: It cannot be built here.
    """
    try:
        return load_interpreter(cache, python.layer)
    except RuntimeUnavailableError:
        progress(f"copying Python {python.version} into a root folder for guests")
        return _build(cache, python)


def _build(cache: Path, python: HostPython) -> InterpreterManifest:
    final = interpreter_root(cache, python.layer).parent
    with staged(final) as staging:
        root = staging / "root"
        make_skeleton(root)
        _copy_python(python, root)
        libraries = libraries_of(python.executable, _extensions(python))
        _copy_libraries(libraries, root)
        copy_locale(root)
        copy_zones(root)
        library = f"{GUEST_PYTHON_HOME}/{python.library_name}"
        byte_compile(python, root / library[1:], guest_path=library)
        _probe(root, libraries)
        _close_executable(root)
        manifest = InterpreterManifest(
            hash=python.layer,
            version=python.version,
            modules=(*sys.builtin_module_names, *_standard_modules(root / library[1:])),
            bytes=size_of(root),
        )
        (staging / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    return manifest


def _close_executable(root: Path) -> None:
    """Let nobody read the executable: the kernel then closes the memory of what runs it to other processes.

    A process started from an unreadable file is not dumpable: no `/proc/<pid>/mem`, `ptrace` or core dump.
    """
    (root / GUEST_PYTHON[1:]).chmod(0o111)


def _copy_python(python: HostPython, root: Path) -> None:
    home = root / GUEST_PYTHON_HOME[1:]
    library = home / python.library_name
    shutil.copytree(python.library, library, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    # Without this folder, even an empty one, the interpreter warns at each start.
    (library / "lib-dynload").mkdir()
    for extension in _extensions(python):
        shutil.copy(extension, library / "lib-dynload")
    (home / "bin").mkdir()
    shutil.copy(python.executable, root / GUEST_PYTHON[1:])
    (home / "bin/python").symlink_to("python3")


def _extensions(python: HostPython) -> list[Path]:
    if not python.extensions.is_dir():
        return []
    return [
        path
        for path in sorted(python.extensions.glob("*.so"))
        if not any(fnmatch.fnmatch(path.name, pattern) for pattern in _LEFT_OUT_EXTENSIONS)
    ]


def _copy_libraries(libraries: Libraries, root: Path) -> None:
    for name, path in libraries.files.items():
        shutil.copy(path, root / "lib" / name)
    if libraries.loader is None:
        return
    loader = root / libraries.loader[1:]
    if loader.parent.resolve() == (root / "lib").resolve():
        return
    # A loader at an unusual place (`/nix/store/...`): the kernel asks for exactly that path.
    loader.parent.mkdir(parents=True, exist_ok=True)
    loader.symlink_to(Path(*[".."] * (len(loader.relative_to(root).parts) - 1), "lib", loader.name))


def _standard_modules(library: Path) -> list[str]:
    return sorted(importable_names(library) | importable_names(library / "lib-dynload"))


def _probe(root: Path, libraries: Libraries) -> None:
    """Start the copy with the copied libraries, outside of a jail, and see that it needs nothing else."""
    start: list[str | Path] = [root / GUEST_PYTHON[1:], "-I", "-S", "-c", _PROBE]
    if libraries.loader is not None:
        start = [root / "lib" / Path(libraries.loader).name, "--library-path", root / "lib", *start]
    try:
        prefix, *mapped = run_tool(start, timeout_seconds=_PROBE_SECONDS).splitlines()
    except EngineError as error:
        raise RuntimeUnavailableError(f"the copied interpreter does not start: {error}") from error
    missing = [
        name
        for name in mapped
        if not (root / "lib" / Path(name).name).exists() and not name.startswith(str(root))
    ]
    if missing or prefix != str(root / GUEST_PYTHON_HOME[1:]):
        raise RuntimeUnavailableError(
            f"the copied interpreter still uses `{(missing or [prefix])[0]}` of the host"
        )
