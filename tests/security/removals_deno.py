"""What stops attacks in JavaScript, line by line."""

from engine import File, Program
from tests.support.removals import (
    CACHES,
    CONNECTS,
    IMPORTS,
    LOADS,
    MAY_ALL,
    PYTHON,
    READS,
    RUNS,
    SEES_SYSTEM,
    WRITES,
    Defence,
    dropped,
    imports,
    js,
    replaced,
    with_scratch,
)
from tests.support.v8 import Changes, combined

from .test_removal import (
    with_host_folder,
    with_whole_proc,
    without_network_namespace,
    without_seccomp,
)

SHOWN = Changes(jail=with_host_folder)
UNFILTERED = Changes(jail=without_seccomp)
SAME_NETWORK = Changes(jail=without_network_namespace)
NETWORK = combined([SAME_NETWORK, UNFILTERED])
SEARCHED = Changes(beside={"deno.json": '{"imports": {"stray": "data:text/javascript,"}}'})
REGISTRY = Changes(variables={"NPM_CONFIG_REGISTRY": "http://127.0.0.1:{port}/"})

_LIBC = "Deno.dlopen('libc.so.6', { socket: { parameters: ['i32', 'i32', 'i32'], result: 'i32' } }).symbols"
_CONNECTION = "Deno.connect({ port: Number(Deno.env.get('CANARY_PORT')) })"
_OTHER_TEXT = 'import text from "file:///opt/tools/guest/pyodide.js" with { type: "text" };'


def _python(code: str) -> Program:
    arguments = f'{{ args: ["-c", "{code}"] }}'
    return js(f"new Deno.Command('{PYTHON}', {arguments}).outputSync().success")


#: Of the command line and the jail around it.
FLAGS = [
    Defence("files of the jail", js("[...Deno.readDirSync('/opt/tools')].length"), (READS,)),
    Defence(
        "imports of the program",
        Program(code=f"{_OTHER_TEXT}\ntext.length > 0", language="javascript"),
        (READS,),
    ),
    Defence(
        "imports of its modules",
        Program(
            code="import reached from './inner.js';\nreached",
            language="javascript",
            files=(File(name="inner.js", data=f"{_OTHER_TEXT}\nexport default text.length > 0;".encode()),),
        ),
        (READS,),
    ),
    Defence("files of the host", js("Deno.readTextFileSync('/mnt/canary.txt')"), (READS, SHOWN)),
    Defence(
        "figures in /proc",
        js("Deno.readTextFileSync('/proc/meminfo')"),
        (MAY_ALL, Changes(jail=with_whole_proc)),
    ),
    Defence(
        "folders that can be written",
        js("Deno.writeTextFileSync('/mnt/planted', '') ?? true"),
        (WRITES, Changes(jail=with_scratch)),
    ),
    Defence("programs", _python("pass"), (RUNS,)),
    Defence("files of the host by a program", _python("open('/mnt/canary.txt')"), (RUNS, SHOWN)),
    Defence("libraries", js(_LIBC), (LOADS,)),
    Defence("system calls", js(f"{_LIBC}.socket(2, 1, 0) >= 0"), (LOADS, UNFILTERED)),
    Defence("figures of the host", js("Deno.loadavg().length"), (SEES_SYSTEM,)),
    Defence("connections", js(_CONNECTION), (CONNECTS, SAME_NETWORK, UNFILTERED)),
    Defence(
        "permission to import",
        js("Deno.permissions.requestSync({ name: 'import' }).state === 'granted'"),
        (dropped("--deny-import"),),
    ),
    Defence(
        "modules from elsewhere",
        imports("'http://127.0.0.1:PORT/module.js'"),
        (IMPORTS, dropped("--no-remote"), dropped("--cached-only"), CACHES, NETWORK),
    ),
    Defence(
        "packages from elsewhere",
        imports("'npm:lodash-es'"),
        (dropped("--no-npm"), dropped("--cached-only"), CACHES, NETWORK),
        given=REGISTRY,
    ),
    Defence("configuration", imports("'stray'"), (dropped("--no-config"),), given=SEARCHED),
    Defence("cache", js("[...Deno.readDirSync('/box/deno')].length"), (CACHES,)),
    Defence(
        "cache of code",
        js("Deno.statSync('/box/deno/v8_code_cache_v2').size"),
        (CACHES, dropped("--no-code-cache")),
    ),
]

#: Of the guest code.
GUEST = [
    Defence(
        "report pipe",
        js("Deno.openSync('/box/report', { write: true })"),
        (replaced("channel.js", "  Deno.removeSync(path);\n"),),
    ),
    Defence(
        "variables of Deno",
        js("Deno.env.get('DENO_DIR')"),
        (replaced("javascript.js", "cleanEnvironment();\n"),),
    ),
    Defence(
        "search path",
        js("Deno.env.get('PATH').includes('/box')"),
        (CACHES, replaced("javascript.js", 'value.replace(OWN_PATH, "")', "value")),
    ),
]
