"""The command line of a Deno process: it may use its working folders and read mounts, nothing else."""

from collections.abc import Sequence

import msgspec

from runtimes.environments import GUEST_TOOLS

#: Where the jail shows the binary and the guest code.
DENO_FOLDER = f"{GUEST_TOOLS}/deno"
GUEST_FOLDER = f"{GUEST_TOOLS}/guest"
_BOX = "/box"
_FOLDERS = ("/box", "/tmp")  # noqa: S108  # the sandbox's own
#: Empty until the run is known, and then holds what its policy mounts.
_MOUNTS = "/mnt"
#: Nothing is asked for, nothing is fetched, no configuration is looked for. `--cached-only` alone would let a
#: request for the permission to import succeed.
_CLOSED = (
    "--no-prompt",
    "--no-remote",
    "--no-config",
    "--no-lock",
    "--cached-only",
    "--deny-import",
)


#: Nothing from npm, whatever the cache holds.
NO_PACKAGES = ("--no-npm",)


class Permissions(msgspec.Struct, frozen=True, kw_only=True):
    """What a process may do beside using its working folders; the entry module can give it up again.

    Attributes:
        read: Folders in the jail.
        libraries: Whether it may call functions of shared libraries.
    """

    read: tuple[str, ...] = ()
    libraries: bool = False


def deno_command(
    entry: Sequence[str],
    permissions: Permissions,
    flags: Sequence[str],
    v8_flags: Sequence[str],
    *,
    heap_mib: int,
) -> tuple[str, ...]:
    """Return the arguments, absolute path first.

    Args:
        entry: Module in the folder of the guest code, and its arguments after the sandbox's folder.
        permissions: On top of the working folders.
        flags: Of Deno, about packages.
        v8_flags: On top of the heap's size.
        heap_mib: Size of V8's heap.
    """
    engine = [f"--max-old-space-size={heap_mib}", *v8_flags]
    return (
        f"{DENO_FOLDER}/deno",
        "run",
        "--quiet",
        *_CLOSED,
        # It would be thrown away with the sandbox, and writing it costs as much as it would save.
        "--no-code-cache",
        *flags,
        f"--v8-flags={','.join(engine)}",
        f"--allow-read={','.join([*_FOLDERS, _MOUNTS, *permissions.read])}",
        f"--allow-write={','.join(_FOLDERS)}",
        # The environment is made from nothing: there is nothing in it to hide.
        "--allow-env",
        *(["--allow-ffi"] if permissions.libraries else []),
        f"{GUEST_FOLDER}/{entry[0]}",
        _BOX,
        *entry[1:],
    )
