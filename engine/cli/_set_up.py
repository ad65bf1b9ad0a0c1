"""What `isorun setup` does: each part in turn, with progress on stderr."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine import EngineConfig, RuntimeUnavailableError, load_config
from runtimes.environments import setup
from runtimes.environments._staging import cache_lock

from ._environments import show_progress
from ._signals import sigterm_raises


class Wanted(NamedTuple):
    """What to have when done.

    Attributes:
        environments: Guest environments beside `base`.
        npm: Packages for JavaScript and TypeScript; None leaves them as they are.
        pyodide: Packages for Pyodide; None leaves it as it is.
        pyodide_from: Folder in place of the network.
        wasm: Compilers for WebAssembly; None leaves it as it is.
        images: Images for the Docker tier; None leaves them as they are.
        documents: Whether to have an index of documentation.
    """

    environments: Sequence[str]
    npm: Sequence[str] | None = None
    pyodide: Sequence[str] | None = None
    pyodide_from: str | None = None
    wasm: Sequence[str] | None = None
    images: Sequence[str] | None = None
    documents: bool = False

    @property
    def all_environments(self) -> list[str]:
        """Those that are named, and those that other parts need."""
        needed = {"wasm": self.wasm is not None, "data": self.documents}
        return [*self.environments, *(name for name, is_needed in needed.items() if is_needed)]


def set_up(wanted: Wanted) -> None:
    """Build what is missing.

    Raises:
        ConfigError: Something that is wanted does not exist.
        RuntimeUnavailableError: Something cannot be fetched or built; what was there before stays usable.
    """
    _check_names(wanted.npm or (), wanted.images or ())
    config = load_config()
    needs_deno = wanted.npm is not None or wanted.pyodide is not None
    with sigterm_raises():
        setup(config.cache, wanted.all_environments, show_progress, nsjail=config.nsjail)
        with cache_lock(config.cache, show_progress):
            _set_up_wasm(config, wanted)
            deno = _deno(config, is_needed=needs_deno)
            if deno is not None:
                _set_up_npm(config, wanted, deno)
                _set_up_pyodide(config, wanted, deno)
            _set_up_images(config, wanted)
    if wanted.documents:
        _set_up_documents(config)


def _check_names(npm: Sequence[str], images: Sequence[str]) -> None:
    """Refuse what names no package or image at once, not when the environments have been built."""
    if npm:
        # Late, like the others below: the modules of what nobody asks for are not loaded.
        from runtimes.deno._npm_request import NpmRequest

        for name in npm:
            NpmRequest.parse(name)
    if images:
        from runtimes.docker._catalog import image_named

        for name in images:
            image_named(name)


def _set_up_wasm(config: EngineConfig, wanted: Wanted) -> None:
    if not wanted.wasm:
        return
    from runtimes.wasm._rust_setup import ensure_rust
    from runtimes.wasm._zig_setup import ensure_zig

    if "c" in wanted.wasm:
        ensure_zig(config.cache, show_progress)
    if "rust" in wanted.wasm:
        ensure_rust(config.cache, show_progress)


def _deno(config: EngineConfig, *, is_needed: bool) -> Path | None:
    """Have the copy of Deno that sandboxes use. Python runs without it: its lack may be just said."""
    from runtimes.v8._binary import ensure_deno
    from runtimes.v8._guest_files import ensure_guest_js

    try:
        deno = ensure_deno(config.deno, config.cache, show_progress)
    except RuntimeUnavailableError as error:
        if is_needed or config.deno is not None:
            raise
        show_progress(f"note: no JavaScript, TypeScript or Pyodide: {error}; {error.hint}")
        return None
    ensure_guest_js(config.cache)
    return deno


def _set_up_npm(config: EngineConfig, wanted: Wanted, deno: Path) -> None:
    if wanted.npm is None:
        return
    from runtimes.deno._npm_setup import ensure_npm

    packages = ensure_npm(config.cache, deno, wanted.npm, show_progress)
    requested = {} if packages is None else packages.requested
    names = [f"{request.rpartition('@')[0]} {version}" for request, version in requested.items()]
    show_progress(f"npm packages: {', '.join(names) or 'none'}")


def _set_up_pyodide(config: EngineConfig, wanted: Wanted, deno: Path) -> None:
    if wanted.pyodide is None:
        return
    from runtimes.pyodide._distribution import ensure_pyodide

    ensure_pyodide(config.cache, deno, wanted.pyodide, show_progress, source=wanted.pyodide_from)


def _set_up_images(config: EngineConfig, wanted: Wanted) -> None:
    if wanted.images is None:
        return
    from runtimes.docker._images import ensure_images

    from ._image_list import lines

    if wanted.images:
        ensure_images(wanted.images, show_progress, cache=config.cache)
        return
    for line in lines():
        show_progress(line)


def _set_up_documents(config: EngineConfig) -> None:
    """Have the libraries of `data` describe themselves in a sandbox, unless that has been done."""
    from agent._documents_index import build_index, index_path, index_stamp, stamp_of
    from engine import Engine, PoolConfig
    from runtimes.environments import load_environment

    from ._signals import run_until_signal

    path = index_path(config.cache)
    stamp = stamp_of(load_environment(config.cache, "data").hash)
    if index_stamp(path) == stamp:
        show_progress("documentation: there already")
        return

    async def build() -> None:
        # One run needs no sandbox that waits.
        settings = msgspec.structs.replace(config, pool=PoolConfig(warm=0, max_warm=0, fork=False))
        async with Engine(settings) as engine:
            await build_index(engine, path, show_progress, stamp=stamp)

    run_until_signal(build)
