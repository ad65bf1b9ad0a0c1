"""Type-checking with the real `deno check`, without a jail."""

import os
import subprocess
from pathlib import Path

import pytest

from runtimes.deno._check import CHECKED_NAME, check_command, check_variables, diagnostics
from runtimes.v8 import DENO_FOLDER, find_deno

HEAP_MIB = 512


def check(folder: Path, code: str, **files: str) -> tuple[int, str]:
    """Check a program beside input files, where `x_ts` is named `x.ts`."""
    work = folder / "work"
    work.mkdir()
    for name, text in files.items():
        (work / name.replace("_", ".")).write_text(text)
    (work / CHECKED_NAME).write_text(code)
    _, *arguments = check_command(has_packages=False, heap_mib=HEAP_MIB, folder=str(work))
    variables = {**check_variables(has_packages=False), "DENO_DIR": str(folder / "deno")}
    done = subprocess.run(
        [find_deno(None, folder / "cache"), *arguments],
        env={**variables, "HOME": str(work), "PATH": os.defpath},
        cwd=work,
        capture_output=True,
        text=True,
    )
    said = diagnostics(done.stdout + done.stderr)
    return done.returncode, said.replace(str(work), "/box/work")


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "const n: number = 1; console.log(n);",
        "enum Color { Red }\nconsole.log(Color.Red);",
        "console.log(process.argv, Buffer.from('x'), Deno.args, import.meta.main);",
        "const text: string = await Promise.resolve('x');\ntext",
        "import fs from 'fs';\nimport { join } from 'node:path';\nconsole.log(fs.existsSync(join('a')));",
    ],
)
def test_program_with_sound_types_passes(tmp_path: Path, code: str) -> None:
    assert check(tmp_path, code) == (0, "")


@pytest.mark.slow
def test_wrong_type_is_shown_with_its_line_and_column(tmp_path: Path) -> None:
    code, said = check(tmp_path, 'const one = 1;\nconst two: number = "2";\n')

    assert code == 1
    assert said == (
        "TS2322 [ERROR]: Type 'string' is not assignable to type 'number'.\n"
        'const two: number = "2";\n'
        "      ~~~\n"
        "    at file:///box/work/main.ts:2:7\n"
    )


@pytest.mark.slow
def test_input_files_are_checked_with_the_program(tmp_path: Path) -> None:
    program = (
        "import { half } from './half.ts';\n"
        "import data from './data.json' with { type: 'json' };\n"
        "console.log(half(data.text));\n"
    )
    half = "export const half = (whole: number): number => whole / 2;"

    code, said = check(tmp_path, program, half_ts=half, data_json='{"text": "x"}')

    assert code == 1
    assert "TS2345" in said
    assert "file:///box/work/main.ts:3:18" in said


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("const x: number = ;", "SyntaxError"),
        ("import 'npm:left-pad';", "--no-npm is specified"),
        ("import 'https://example.com/x.ts';", "import access"),
        ("import 'jsr:@std/path';", "JSR package manifest"),
    ],
)
def test_program_that_cannot_be_loaded_is_refused(tmp_path: Path, program: str, expected: str) -> None:
    code, said = check(tmp_path, program)

    assert code == 1
    assert expected in said
    assert "file:///box/work/main.ts:1:" in said


@pytest.mark.slow
def test_settings_and_lock_file_of_the_program_are_ignored(tmp_path: Path) -> None:
    settings = '{"compilerOptions": {"strict": false}, "imports": {"x": "./nope.ts"}}'

    code, said = check(tmp_path, "function f(x) { return x; }\nf(1);", deno_json=settings, deno_lock="{")

    assert code == 1
    assert "TS7006" in said


def test_command_can_be_run_in_a_jail_with_packages() -> None:
    command = check_command(has_packages=True, heap_mib=HEAP_MIB)

    assert command[0] == f"{DENO_FOLDER}/deno"
    assert command[-1] == "/box/work/main.ts"
    assert "--import-map=/opt/tools/npm/import_map.json" in command
    assert {"--no-remote", "--cached-only", "--no-config", "--no-lock"} <= set(command)
    assert "--no-npm" not in command
    assert check_variables(has_packages=True)["DENO_DIR"] == "/opt/tools/npm"


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("", ""),
        (
            "TS1 [ERROR]: x\n\nFound 1 error.\n\nerror: Type checking failed.\n",
            "TS1 [ERROR]: x\n\nFound 1 error.\n",
        ),
        ("error: SyntaxError: x\n", "error: SyntaxError: x\n"),
    ],
)
def test_diagnostics_leave_out_the_verdict(output: str, expected: str) -> None:
    assert diagnostics(output) == expected
