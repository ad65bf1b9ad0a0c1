"""What the runtimes on V8 share: the Deno binary, the guest code, the command line, the request."""

from ._binary import find_deno
from ._command import DENO_FOLDER, GUEST_FOLDER, NO_PACKAGES, Permissions
from ._guest_files import ensure_guest_js
from ._runtime import OWN_THREADS, Guest, V8Runtime

__all__ = [
    "DENO_FOLDER",
    "GUEST_FOLDER",
    "NO_PACKAGES",
    "OWN_THREADS",
    "Guest",
    "Permissions",
    "V8Runtime",
    "ensure_guest_js",
    "find_deno",
]
