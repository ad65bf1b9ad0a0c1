"""What stops attacks in Python on WebAssembly, line by line."""

from tests.support.removals import (
    CONNECTS,
    RUNS,
    SEES_SYSTEM,
    Defence,
    Permission,
    python,
    replaced,
)
from tests.support.v8 import Changes, combined

_GIVEN_UP: tuple[Permission, ...] = ("env", "ffi", "sys", "run", "net", "import")
_FOLDERS = "/box,/tmp,/mnt,/opt/tools/pyodide,/opt/tools/pyodide-packages,/opt/tools/guest"
_SEES_GUEST = Changes(drop=("--allow-read",), add=(f"--allow-read={_FOLDERS}",))
_PATHS = "[distribution, import.meta.dirname]"
#: It is opened twice, the first time for the rehearsal.
NAMED_REPORT = combined(
    [
        replaced("pyodide_box.js", "  FS.unlink(path);\n"),
        replaced("pyodide_box.js", "  FS.mkdev(", "  if (!FS.analyzePath(path).exists) FS.mkdev("),
    ]
)


def keeping(kept: Permission) -> Changes:
    """Have the entry module keep one of the permissions that it gives up."""
    names = ", ".join(f'"{name}"' for name in _GIVEN_UP)
    others = ", ".join(f'"{name}"' for name in _GIVEN_UP if name != kept)
    return replaced("pyodide.js", f"[{names}]", f"[{others}]")


def _has(name: Permission) -> str:
    return f"Deno.permissions.querySync(named('{name}')).state == 'granted'"


def _lists(folder: str) -> str:
    return f"list(Deno.readDirSync('{folder}'))"


DEFENCES = [
    Defence("libraries", python("Deno.dlopen('libc.so.6', Object.new())"), (keeping("ffi"),)),
    Defence("variables", python("Deno.env.get('HOME')"), (keeping("env"),)),
    Defence("figures of the host", python("list(Deno.loadavg())"), (SEES_SYSTEM, keeping("sys"))),
    Defence("programs", python(_has("run")), (RUNS, keeping("run"))),
    Defence("connections", python(_has("net")), (CONNECTS, keeping("net"))),
    Defence(
        "imports",
        python(_has("import")),
        (Changes(drop=("--deny-import",), add=("--allow-import",)), keeping("import")),
    ),
    Defence(
        "distribution",
        python(_lists("/opt/tools/pyodide")),
        (replaced("pyodide.js", _PATHS, "[import.meta.dirname]"),),
    ),
    Defence(
        "guest code",
        python(_lists("/opt/tools/guest")),
        (_SEES_GUEST, replaced("pyodide.js", _PATHS, "[distribution]")),
    ),
    Defence(
        "variables of Deno",
        python("os.environ['DENO_NO_UPDATE_CHECK']"),
        (replaced("pyodide.js", "value && !OWN_VARIABLES.test(name)", "value"),),
    ),
    Defence(
        "report in the interpreter",
        python("os.open('/dev/report', os.O_WRONLY)"),
        (NAMED_REPORT,),
    ),
    Defence(
        "report pipe",
        python("Deno.statSync('/box/report').isFifo"),
        (replaced("channel.js", "  Deno.removeSync(path);\n"),),
    ),
]
