"""JavaScript and TypeScript on V8, in Deno."""

from ._runtime import DenoRuntime

__all__ = ["DenoRuntime"]
