"""Building one layer of an environment, and making a name stand for it."""

import datetime
import hashlib
import shutil
from pathlib import Path

import msgspec

from engine._exceptions import EngineError, RuntimeUnavailableError
from engine._process import ToolError

from ._compile import byte_compile
from ._declare import check_offered
from ._fonts import Extras, plotting_extras
from ._host_python import HostPython
from ._interpreter import ensure_interpreter
from ._layout import GUEST_PACKAGES, LAYOUT_VERSION, MANIFEST, checked_name, environment_folder
from ._manifest import CURRENT, PACKAGES, InterpreterManifest, Manifest, Recipe, current_layer, read_manifest
from ._modules import importable_names
from ._staging import Progress, size_of, staged, writing
from ._uv import install

#: Made by the installation and useless in a jail: scripts name the host's interpreter, the rest its folders.
_INSTALLER_FILES = ("bin", ".lock", "*.dist-info/direct_url.json", "*.dist-info/uv_cache.json")


def ensure_environment(cache: Path, recipe: Recipe, python: HostPython, progress: Progress) -> None:
    """Make `recipe.name` stand for a layer built from `recipe`; does nothing if it does.

    The caller holds the cache's lock.

    Either failure leaves what `recipe.name` stood for.

    Raises:
        ConfigError: It lacks a module that a user wants preloaded.
        RuntimeUnavailableError: It cannot be built.
    """
    name = checked_name(recipe.name)
    interpreter = ensure_interpreter(cache, python, progress)
    layer = layer_hash(recipe, interpreter.hash)
    if not _is_complete(cache, recipe, layer):
        _build(cache, recipe, python, interpreter, progress)
        progress(f"environment `{name}` is ready")
    if current_layer(cache, name) != layer:
        _point(environment_folder(cache, name), layer)


def layer_hash(recipe: Recipe, interpreter: str) -> str:
    """Name the content: equal recipes for equal interpreters give equal layers, wherever the wheels lie."""
    content = (LAYOUT_VERSION, interpreter, recipe.lock, recipe.preload, recipe.unneeded)
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:32]


def _is_complete(cache: Path, recipe: Recipe, layer: str) -> bool:
    try:
        read_manifest(cache, recipe.name, layer)
    except EngineError:
        return False
    return not recipe.lock or (environment_folder(cache, recipe.name) / layer / PACKAGES).is_dir()


def _build(
    cache: Path,
    recipe: Recipe,
    python: HostPython,
    interpreter: InterpreterManifest,
    progress: Progress,
) -> None:
    layer = layer_hash(recipe, interpreter.hash)
    with staged(environment_folder(cache, recipe.name) / layer) as staging:
        extras = Extras({}, {})
        modules: tuple[str, ...] = ()
        packages = staging / PACKAGES
        if recipe.lock:
            _install(recipe, python, packages, progress)
            extras = plotting_extras(packages, python, trusted=recipe.source == "built-in")
            modules = tuple(sorted(importable_names(packages)))
        if recipe.source != "built-in":  # what those declare, they have
            check_offered(recipe, {*interpreter.modules, *modules}, packages)
        manifest = Manifest(
            hash=layer,
            python=python.version,
            interpreter=python.layer,
            recipe=recipe,
            modules=modules,
            env=extras.env,
            links=extras.links,
            created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            bytes=size_of(staging),
        )
        (staging / MANIFEST).write_bytes(msgspec.json.encode(manifest))


def _install(recipe: Recipe, python: HostPython, packages: Path, progress: Progress) -> None:
    count = sum("==" in line for line in recipe.lock.splitlines())
    progress(f"installing {count} package{'s'[: count != 1]} for environment `{recipe.name}`")
    lock = packages.with_name("requirements.txt")
    lock.write_text(recipe.lock, encoding="utf-8")
    wheels = Path(recipe.wheels) if recipe.wheels else None
    try:
        install(lock, packages, python=python.executable, wheels=wheels)
    except ToolError as error:
        raise RuntimeUnavailableError(
            f"environment `{recipe.name}` cannot be installed: {error}",
            hint="the first set-up needs the package index; what was fetched is kept for the next try",
        ) from error
    lock.unlink()
    _remove(packages, (*_INSTALLER_FILES, *recipe.unneeded))
    progress(f"compiling the packages of environment `{recipe.name}`")
    byte_compile(python, packages, guest_path=GUEST_PACKAGES)


def _remove(packages: Path, patterns: tuple[str, ...]) -> None:
    for pattern in patterns:
        for path in list(packages.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def _point(folder: Path, layer: str) -> None:
    """Switch `current` in one step, so that a reader finds the old or the new layer, never none."""
    link = folder / f".{CURRENT}"
    with writing(folder):
        link.unlink(missing_ok=True)
        link.symlink_to(layer)
        link.rename(folder / CURRENT)
