"""Python in WebAssembly, on Deno."""

from ._distribution import ensure_pyodide, find_pyodide
from ._runtime import PyodideRuntime

__all__ = ["PyodideRuntime", "ensure_pyodide", "find_pyodide"]
