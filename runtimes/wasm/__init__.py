"""C, C++, Rust and modules in WebAssembly, in wasmtime."""

from ._request import OWN_DESCRIPTORS
from ._runtime import OWN_THREADS, WasmRuntime

__all__ = ["OWN_DESCRIPTORS", "OWN_THREADS", "WasmRuntime"]
