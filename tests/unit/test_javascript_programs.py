"""A program in JavaScript or TypeScript runs, speaks and ends as under `deno run`."""

import pytest

from tests.support.deno_guest import printed, run, value

TEN_MB = b"0123456789abcde\n" * 655_360


def test_frames_are_started_then_report() -> None:
    ended = run("1")

    assert [frame["kind"] for frame in ended.frames] == ["started", "report"]


def test_console_writes_to_the_right_stream_in_order() -> None:
    ended = run("console.log(1)\nconsole.error(2)\nconsole.info(3)\nconsole.warn(4)\nconsole.debug(5)")

    assert ended.stdout == "1\n3\n5\n"
    assert ended.stderr == "2\n4\n"


def test_values_are_shown_without_colours() -> None:
    assert printed("console.log({ text: 'x', number: 1 })") == '{ text: "x", number: 1 }\n'


def test_trace_names_the_program() -> None:
    ended = run("\n  console.trace('here')")

    assert ended.stderr == "Trace: here\n    at file:///box/work/main.js:2:11\n"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("Deno.exit()", 0),
        ("Deno.exit(3)", 3),
        ("Deno.exitCode = 6", 6),
        ("process.exit(4)", 4),
        ("process.exitCode = 5", 5),
        ("import process from 'node:process'; process.exitCode = 5", 5),
        ("process.on('exit', () => { process.exitCode = 9 })", 9),
        ("addEventListener('unload', () => Deno.exit(8))", 8),
        ("setInterval(() => {}, 1); setTimeout(() => Deno.exit(7), 5)", 7),
        ("throw 1", 1),
    ],
)
def test_exit_status_is_that_of_the_program(code: str, status: int) -> None:
    assert run(code).status == status


def test_microtasks_come_before_timers_that_are_due() -> None:
    code = (
        "setTimeout(() => console.log('timer'), 1)\nconst begin = Date.now()\n"
        "while (Date.now() - begin < 5);\n"
        "queueMicrotask(() => console.log('microtask'))\nawait 1\nconsole.log('awaited')"
    )

    assert printed(code) == "microtask\nawaited\ntimer\n"


def test_timers_run_to_the_end() -> None:
    assert printed("setTimeout(() => console.log('late'), 20)\nconsole.log('first')") == "first\nlate\n"


@pytest.mark.parametrize(
    ("code", "stdout"),
    [
        ("addEventListener('load', () => console.log('load'))\nconsole.log('first')", "first\nload\n"),
        ("globalThis.onload = () => console.log('load')", "load\n"),
        ("addEventListener('unload', () => console.log('unload'))", "unload\n"),
        ("globalThis.onunload = () => console.log('unload')", "unload\n"),
        ("addEventListener('unload', () => console.log('unload'))\nDeno.exit()", "unload\n"),
        ("process.on('exit', (code) => console.log('exit', code))", "exit 0\n"),
        ("process.on('beforeExit', (code) => console.log('before', code))", "before 0\n"),
        (
            "let count = 0\naddEventListener('beforeunload', (event) => {\n"
            "  console.log(count)\n  if (count++ < 2) event.preventDefault()\n})",
            "0\n1\n2\n",
        ),
    ],
)
def test_listeners_for_beginning_and_end_are_called(code: str, stdout: str) -> None:
    assert printed(code) == stdout


def test_error_in_listener_for_the_end_fails_the_program() -> None:
    ended = run("addEventListener('unload', () => { throw new Error('in the end') })")

    assert ended.status == 1
    assert ended.stderr.startswith("error: Uncaught Error: in the end\n")


def test_promise_that_is_never_resolved_ends_as_in_deno() -> None:
    ended = run("console.log('before')\nawait new Promise(() => {})")

    assert ended.status == 1
    assert ended.stdout == "before\n"
    assert ended.stderr.startswith("error: Top-level await promise never resolved\n")
    assert "file:///box/work/main.js:2:1" in ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "reading",
    [
        "text = await new Response(Deno.stdin.readable).text()",
        "for await (const some of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) text += some",
        "const some = new Uint8Array(65536)\nlet size\n"
        "const decoder = new TextDecoder()\n"
        "while ((size = Deno.stdin.readSync(some)) !== null) text += decoder.decode(some.subarray(0, size))",
        "text = require('fs').readFileSync(0, 'utf8')",
        "text = require('fs').readFileSync('/dev/stdin', 'utf8')",
        "import { readFileSync } from 'node:fs'\ntext = readFileSync('/dev/stdin').toString()",
        "process.stdin.setEncoding('utf8')\nprocess.stdin.on('data', (some) => (text += some))\n"
        "await new Promise((resolve) => process.stdin.on('end', resolve))",
        "for await (const some of process.stdin) text += some",
        "import readline from 'node:readline'\n"
        "for await (const line of readline.createInterface({ input: process.stdin })) text += line + '\\n'",
    ],
)
def test_all_of_ten_megabytes_of_input_is_read(reading: str) -> None:
    assert value(f"let text = ''\n{reading};\ntext.length", stdin=TEN_MB) == len(TEN_MB)


def test_input_is_what_was_sent() -> None:
    assert value("await new Response(Deno.stdin.readable).text()", stdin=b"a\nb") == "a\nb"


def test_no_input_is_an_empty_one() -> None:
    assert value("require('fs').readFileSync(0, 'utf8')") == ""


def test_arguments_and_variables_are_those_of_the_run() -> None:
    code = "[Deno.args, process.argv.slice(2), Deno.env.toObject().A, process.env.B]"

    assert value(code, args=["x", "é y"], env={"A": "1", "B": "2"}) == [["x", "é y"], ["x", "é y"], "1", "2"]


def test_import_meta_is_that_of_the_file() -> None:
    code = (
        "const { url, main, filename, dirname, resolve } = import.meta\n"
        ";[url, main, filename, dirname, resolve('./x.js')]"
    )

    assert value(code) == [
        "file:///box/work/main.js",
        True,
        "/box/work/main.js",
        "/box/work",
        "file:///box/work/x.js",
    ]


def test_main_module_is_the_program() -> None:
    assert value("Deno.mainModule === import.meta.url && Deno.cwd()") == "/box/work"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("enum Colour { red = 3 }\nColour.red", 3),
        ("namespace Names { export const name = 'n' }\nNames.name", "n"),
        ("class Point { constructor(public x: number) {} }\nnew Point(3)", {"x": 3}),
        ("function same<T>(value: T): T { return value }\nsame<number>(4)", 4),
        (
            "interface Shape { area: number }\nconst shape = { area: 2 } satisfies Shape\nshape as Shape",
            {"area": 2},
        ),
        ("import type { Nothing } from './missing.ts'\ntype Also = Nothing\n5", 5),
        ("declare const outside: number\nabstract class Base { abstract run(): void }\n6", 6),
        ("const known = <number>7\nknown!", 7),
    ],
)
def test_typescript_runs(code: str, expected: object) -> None:
    assert value(code, "typescript") == expected


def test_decorators_of_typescript_run() -> None:
    code = (
        "const named = (_: unknown, context: DecoratorContext) => console.log(context.kind)\n"
        "class A { @named f() {} }"
    )

    assert printed(code, "typescript") == "method\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("\ufeff1 + 1", 2),
        ("const a = 1\r\na + 1\r\n", 2),
        ("#!/usr/bin/env deno\n2", 2),
        ("#!/usr/bin/env deno\nimport.meta.main", True),
        ("'use strict'\nlet a = 2\na", 2),
        ("#!/usr/bin/env deno", None),
        ("// nothing but this", None),
        ("/* this */\n\n// and that", None),
        ("  \n", None),
        ("", None),
    ],
)
def test_odd_beginnings_and_empty_programs_run(code: str, expected: object) -> None:
    assert value(code) == expected
    assert value(code, "typescript") == expected


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    assert printed(b"console.log('\xff')") == "\N{REPLACEMENT CHARACTER}\n"


def test_deep_recursion_fails_and_can_be_caught() -> None:
    assert value(
        "const down = () => down()\nlet name\ntry { down() } catch (error) { name = error.name }\nname"
    ) == ("RangeError")


@pytest.mark.parametrize(
    "source",
    [
        "URL.createObjectURL(new Blob([text], { type: 'text/javascript' }))",
        "'data:text/javascript,' + encodeURIComponent(text)",
        "new URL('./worker.js', import.meta.url)",
    ],
)
def test_workers_work(source: str) -> None:
    text = "self.onmessage = ({ data }) => { postMessage(data + 1); close() }"
    code = (
        f"const text = {text!r}\nconst worker = new Worker({source}, {{ type: 'module' }})\n"
        "worker.onmessage = ({ data }) => console.log(data)\nworker.postMessage(1)"
    )

    assert printed(code, files={"worker.js": text}) == "2\n"


def test_error_in_worker_fails_the_program() -> None:
    ended = run("new Worker('data:text/javascript,throw new TypeError(`wrong`)', { type: 'module' })")

    assert ended.status == 1
    assert "TypeError: wrong" in ended.error["message"]


def test_input_files_are_in_the_working_folder() -> None:
    code = "[Deno.readTextFileSync('a.txt'), require('fs').readFileSync('deep/b.txt', 'utf8')]"

    assert value(code, files={"a.txt": "a", "deep/b.txt": "b"}) == ["a", "b"]
