"""Programs that end in every way, each with a number that its right answer contains.

A run is right if it ended as its program does, with its own number: an answer of another run is not.
"""

import random
from collections.abc import Callable, Collection
from typing import NamedTuple

from engine import File, Program, Reason, Result, Status
from policies import Isolation, Limits, Policy

PYTHON, BASH, PERL, JAVASCRIPT, TYPESCRIPT, C = "python", "bash", "perl", "javascript", "typescript", "c"
_PYODIDE, _DOCKER = Isolation(require=("pyodide",)), Isolation(require=("docker",))


class Kind(NamedTuple):
    """One kind of program.

    Attributes:
        name: Of the kind.
        runtime: Where it runs.
        language: Of the program.
        code: Given a number as its first argument.
        weight: How often it is chosen, compared to others.
        status: How it ends.
        limits: Of its policy.
        isolation: Of its policy.
        copies: Whether it is given a file, and leaves a copy.
    """

    name: str
    runtime: str
    language: str
    code: str
    weight: int
    status: Status = Status.OK
    limits: Limits = Limits()
    isolation: Isolation = Isolation()
    copies: bool = False


class Work(NamedTuple):
    """One run to do.

    Attributes:
        kind: Of its program.
        program: It.
        policy: It.
        is_right: Whether a result is the program's own.
    """

    kind: Kind
    program: Program
    policy: Policy
    is_right: Callable[[Result], bool]


_C_TEXT = '#include <stdio.h>\nint main(int n, char **a) { printf("<%s>\\n", a[1]); return 0; }'
_C_FAILS = '#include <stdio.h>\nint main(int n, char **a) { printf("<%s>\\n", a[1]); return 3; }'
_JS_FLOOD = "console.log(`<${Deno.args[0]}>`); for (;;) console.log('x'.repeat(999));"
_JS_TEXT = "console.log(`<${Deno.args[0]}>`)"
_TS_TEXT = "const n: string = Deno.args[0]; console.log(`<${n}>`)"
_JS_FAILS = "console.log(`<${Deno.args[0]}>`); throw new TypeError('wrong')"
_PY_TEXT = "import sys; print(f'<{sys.argv[1]}>', flush=True)\n"
_SH_TEXT = 'echo "<$1>"\n'
_COPY = "import os\nos.mkdir('d')\nopen('d/out', 'wb').write(open('in', 'rb').read())\n"

#: The programs of one engine; most are short ones in Python, as in life.
KINDS = (
    Kind("python", "nsjail", PYTHON, _PY_TEXT + "1 + 1", 40),
    Kind("python, error", "nsjail", PYTHON, _PY_TEXT + "raise ValueError('wrong')", 8, Status.ERROR),
    Kind("python, files", "nsjail", PYTHON, _PY_TEXT + _COPY, 8, copies=True),
    Kind("python, forks", "nsjail", PYTHON, _PY_TEXT + "import os\nfor _ in range(3): os.fork()", 3),
    Kind(
        "python, timeout",
        "nsjail",
        PYTHON,
        _PY_TEXT + "while True: pass",
        3,
        Status.TIMEOUT,
        Limits(wall_seconds=0.3),
    ),
    Kind(
        "python, memory",
        "nsjail",
        PYTHON,
        _PY_TEXT + "b'x' * (100 << 20)",
        3,
        Status.MEMORY,
        Limits(memory_mib=48),
    ),
    Kind(
        "python, output",
        "nsjail",
        PYTHON,
        _PY_TEXT + "while True: print('x' * 99)",
        3,
        Status.OUTPUT,
        Limits(output_kib=64),
    ),
    Kind("bash", "nsjail", BASH, 'echo "<$1>"', 4),
    Kind("perl, error", "nsjail", PERL, 'print "<$ARGV[0]>\\n"; exit 3', 3, Status.ERROR),
    Kind("javascript", "deno", JAVASCRIPT, _JS_TEXT, 6),
    Kind("javascript, error", "deno", JAVASCRIPT, _JS_FAILS, 2, Status.ERROR),
    Kind("javascript, output", "deno", JAVASCRIPT, _JS_FLOOD, 1, Status.OUTPUT, Limits(output_kib=64)),
    Kind("typescript", "deno", TYPESCRIPT, _TS_TEXT, 2),
    Kind("c", "wasm", C, _C_TEXT, 5),
    Kind("c, error", "wasm", C, _C_FAILS, 2, Status.ERROR),
    Kind("pyodide", "pyodide", PYTHON, _PY_TEXT, 2, isolation=_PYODIDE),
    Kind("pyodide, files", "pyodide", PYTHON, _PY_TEXT + _COPY, 1, isolation=_PYODIDE, copies=True),
)

#: The programs of containers, which take ten times as long: for who asks for nothing else.
CONTAINER_KINDS = (
    Kind("container", "docker", BASH, _SH_TEXT, 6, isolation=_DOCKER),
    Kind("container, error", "docker", BASH, _SH_TEXT + "exit 3", 2, Status.ERROR, isolation=_DOCKER),
    Kind(
        "container, files",
        "docker",
        BASH,
        _SH_TEXT + "mkdir d; cp in d/out",
        2,
        isolation=_DOCKER,
        copies=True,
    ),
    Kind(
        "container, timeout",
        "docker",
        BASH,
        _SH_TEXT + "while :; do :; done",
        1,
        Status.TIMEOUT,
        Limits(wall_seconds=0.3),
        _DOCKER,
    ),
)


def kinds_for(runtimes: Collection[str]) -> list[Kind]:
    """Return the kinds that these runtimes can run."""
    return [kind for kind in KINDS if kind.runtime in runtimes]


def draw(kinds: list[Kind], number: int, chance: random.Random) -> Work:
    """Return the run with a number, of a kind drawn by weight."""
    [kind] = chance.choices(kinds, [kind.weight for kind in kinds])
    content = b"%d " % number * 500
    program = Program(
        code=kind.code,
        language=kind.language,
        args=(str(number),),
        files=(File(name="in", data=content),) if kind.copies else (),
    )
    policy = Policy(limits=kind.limits, isolation=kind.isolation)

    def is_right(result: Result) -> bool:
        if result.status is not kind.status or not _begins_with(result, number, kind):
            return False
        copied = [file.data for file in result.files if file.name == "d/out"]
        return copied == ([content] if kind.copies else [])

    return Work(kind, program, policy, is_right)


def killed_from_outside(result: Result) -> str:
    """Say how a kill of one of its processes shows in a result; empty if it does not."""
    if result.signal == "SIGKILL" or result.reason is Reason.SUPERVISOR_DIED:
        return f"{result.status.value}, {result.reason.value}"
    return ""


def _begins_with(result: Result, number: int, kind: Kind) -> bool:
    """Whether the output is that of this run; of a program that is killed at once nothing may have come."""
    own = b"<%d>\n" % number
    is_cut = kind.status in (Status.TIMEOUT, Status.MEMORY)
    return result.stdout_bytes.startswith(own) or (is_cut and not result.stdout_bytes)
