"""What programs are measured: with nothing, with packages, with files, and under another policy."""

from typing import NamedTuple

import msgspec

from engine._program import File, Program, Result
from policies import Policy

from ._floor import MeasureError
from ._workbench import Subject, checked

OUTPUT_NAME = "sum.txt"
_NUMBERS = b"".join(b"%d\n" % number for number in range(100))
_SUM = "4950"
_NAMES = ("numbers.txt", "more.txt", "unused.txt")
_FILES = tuple(File(name=name, data=_NUMBERS) for name in _NAMES)

_NOTHING = {
    "python": "print(1+1)",
    "javascript": "console.log(1+1)",
    "c": '#include <stdio.h>\nint main(void) { printf("%d\\n", 1 + 1); }\n',
    "wat": """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "2\\n")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 8))
    (i32.store (i32.const 4) (i32.const 2))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))
""",
}
_WITH_FILES = {
    "python": """
with open("numbers.txt") as numbers, open("sum.txt", "w") as file:
    total = sum(map(int, numbers))
    print(total, file=file)
print(total)
""",
    "javascript": """
const numbers = Deno.readTextFileSync("numbers.txt").trim().split("\\n");
const total = numbers.reduce((sum, number) => sum + Number(number), 0);
Deno.writeTextFileSync("sum.txt", `${total}\\n`);
console.log(total);
""",
    "c": """#include <stdio.h>
int main(void) {
  FILE *numbers = fopen("numbers.txt", "r"), *file = fopen("sum.txt", "w");
  int number, total = 0;
  while (fscanf(numbers, "%d", &number) == 1) total += number;
  fprintf(file, "%d\\n", total);
  printf("%d\\n", total);
}
""",
}
_PANDAS = """
import numpy as np
import pandas as pd
print(int(pd.DataFrame({"a": np.arange(4)}).a.sum()))
"""
#: Say that they are there, and then wait.
WAITING = {
    "python": 'import time\nprint("here", flush=True)\ntime.sleep(600)\n',
    "javascript": 'console.log("here");\nawait new Promise((done) => setTimeout(done, 600_000));\n',
    "c": "#include <stdio.h>\n#include <unistd.h>\n"
    'int main(void) { puts("here"); fflush(stdout); sleep(600); }\n',
}


class Work(NamedTuple):
    """A program, its policy, and what it has to give.

    Attributes:
        variant: What it stands for, as in the records.
        output_file: Its file that has to be collected; empty for none.
    """

    variant: str
    program: Program
    policy: Policy
    expected: str
    output_file: str = ""

    def checked(self, result: Result) -> Result:
        """Return the result if it is what it should be.

        Raises:
            MeasureError: It is not.
        """
        checked(result, self.expected)
        collected = [artifact.name for artifact in result.files if artifact.skipped is None]
        if self.output_file and self.output_file not in collected:
            raise MeasureError(f"`{self.output_file}` was not collected")
        return result


def nothing(subject: Subject) -> Work:
    """Return the smallest program that writes something."""
    program = Program(code=_NOTHING[subject.language], language=subject.language)
    return Work("nothing", program, subject.policy, "2\n")


def works(subject: Subject, package: str | None) -> list[Work]:
    """Return everything that is measured in a runtime.

    Args:
        subject: The runtime.
        package: What a program can import, where that cannot be found out by trying.
    """
    plain = nothing(subject)
    other = plain._replace(variant="policy", policy=_other_policy(subject))
    found = [plain, _with_packages(subject, package), _with_files(subject), other]
    return [work for work in found if work is not None]


def _with_packages(subject: Subject, package: str | None) -> Work | None:
    match subject.language, package:
        case "python", _:
            return Work("packages", Program(code=_PANDAS), subject.policy, "6\n")
        case "javascript", str():
            code = f'import * as it from "npm:{package}";\nconsole.log(typeof it);\n'
            policy = msgspec.structs.replace(subject.policy, packages="prefetched")
            return Work("packages", Program(code=code, language="javascript"), policy, "object\n")
        case _:
            return None


def _with_files(subject: Subject) -> Work | None:
    code = _WITH_FILES.get(subject.language)
    if code is None:
        return None
    program = Program(code=code, language=subject.language, files=_FILES)
    return Work("files", program, subject.policy, f"{_SUM}\n", OUTPUT_NAME)


def _other_policy(subject: Subject) -> Policy:
    """Return a policy with most limits changed, so that each run has to set its own."""
    limits = msgspec.structs.replace(
        subject.policy.limits,
        wall_seconds=20.0,
        cpu_seconds=10.0,
        memory_mib=max(384, subject.able.least_memory_mib),
        pids=max(32, subject.able.least_pids),
        output_kib=256,
        disk_mib=32,
        open_files=128,
        file_count=1024,
    )
    return msgspec.structs.replace(subject.policy, limits=limits, env={"BENCH": "1"})
