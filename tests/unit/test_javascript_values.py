"""The value of a program in JavaScript: where it is found, and how it becomes JSON."""

import json
import subprocess

import pytest

from tests.support.deno_guest import GUEST_JS, deno, run, value

#: A program, and the text of the expression that is its value.
EXPRESSIONS = [
    ("1+1", "1+1"),
    ("5 /* c */ // d\n", "5 /* c */ // d"),
    ("x;;\n\n", "x"),
    ("const a = 1;\n[a, 2]", "[a, 2]"),
    ("const a = 1\n;[a, 2];", "[a, 2]"),
    ("var s = 'a;b'; s", "s"),
    ("x = {}\n[1]", "x = {}\n[1]"),
    ("a\n(b)", "a\n(b)"),
    ("let a = 1\na\n+2", "a\n+2"),
    ("x\n++y", "++y"),
    ("a ? b\n: c", "a ? b\n: c"),
    ("f(\n1,\n2\n)", "f(\n1,\n2\n)"),
    ("[1, 2]\n  .map(f)\n  .filter(g)", "[1, 2]\n  .map(f)\n  .filter(g)"),
    ("function f() {}\n[1].map(f)", "[1].map(f)"),
    ("function f() {}\n(async () => { await 1 })()", "(async () => { await 1 })()"),
    ("async function main() { await 1 }\nmain()", "main()"),
    ("a => {\n x;\n}", "a => {\n x;\n}"),
    ("({ a: 1 })", "({ a: 1 })"),
    ("`\nfoo`", "`\nfoo`"),
    ("let y = `a\n${b}\n`;\ny", "y"),
    ("const re = /a;b\\//; re", "re"),
    ("console.log('http://x'); // done", "console.log('http://x')"),
    ("'use strict';\nlet b = 2;\nb * 2;\n\n", "b * 2"),
    ("import x from './a.js';\nx", "x"),
    ("import {\n a, b\n} from 'fs';\nexport const c = 1;\na", "a"),
    ("import.meta.main", "import.meta.main"),
    ("await import('x')", "await import('x')"),
    ("#!/usr/bin/env deno\n5", "5"),
    ("const a = 1", None),
    ("export const a = 1", None),
    ("{ a: 1 }", None),
    ("function f() {}", None),
    ("class A {}", None),
    ("const f = () => {\n x;\n y\n}", None),
    ("if (a) { b() }", None),
    ("if (a) b; else c", None),
    ("for (let i = 0; i < 3; i++) x", None),
    ("do x++\nwhile (x < 5)", None),
    ("label: for (;;) { break }", None),
    ("switch (1) { case 1: x }", None),
    ("throw new Error()", None),
    ("return 5", None),
    ("/* a\nfoo()\n*/", None),
    ("// c", None),
    ("", None),
    ("not a program", None),
]
FIND = f"""
import {{ findLastExpression }} from "{(GUEST_JS / "value.js").as_uri()}";
const programs = JSON.parse(await new Response(Deno.stdin.readable).text());
const found = programs.map((code) => [code, findLastExpression(code)]);
console.log(JSON.stringify(found.map(([code, at]) => at && code.slice(at.start, at.end))));
"""


def test_last_expression_is_found_in_every_form() -> None:
    programs = json.dumps([code for code, _ in EXPRESSIONS])

    done = subprocess.run([deno(), "eval", FIND], input=programs, capture_output=True, text=True, check=True)

    found = zip([code for code, _ in EXPRESSIONS], json.loads(done.stdout), strict=True)
    assert list(found) == EXPRESSIONS


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("export default 5", 5),
        ("export default 5\n6", 5),
        ("const x = 7\nexport { x as default }", 7),
        ("export const a = 1\na + 1", 2),
        ("await Promise.resolve(8)", 8),
        ("Promise.resolve(9)", 9),
        ("new Promise((resolve) => setTimeout(() => resolve(10), 5))", 10),
        ("async function main() { await 1; return 11 }\nmain()", 11),
        ("const x = 5", None),
        ("console.log()", None),
        ("undefined", None),
        ("null", None),
        ("setTimeout(() => {}, 1)", None),
        ("process.stdin.on('data', () => {})", None),
    ],
)
def test_value_is_the_last_expression_or_the_default_export(code: str, expected: object) -> None:
    assert value(code) == expected


def test_value_is_known_when_the_program_exits_by_itself() -> None:
    ended = run("setTimeout(() => Deno.exit(3), 5)\n'v'")

    assert (ended.status, ended.report.get("value")) == (3, "v")


VALUES = [
    ("true", True),
    ("1.5", 1.5),
    ("-0", 0),
    ("NaN", "NaN"),
    ("-Infinity", "-Infinity"),
    ("10n", 10),
    ("2n ** 64n", "18446744073709551616"),
    ("2n ** 53n - 1n", 2**53 - 1),
    ("2n ** 53n", str(2**53)),
    ("'é€😀'", "é€😀"),
    ("'\\ud800'", "\N{REPLACEMENT CHARACTER}"),
    ("Symbol('s')", "Symbol(s)"),
    ("() => 1", "[Function (anonymous)]"),
    ("[class B {}]", ["[class B]"]),
    ("[1, 'x', null, undefined, [NaN]]", [1, "x", None, None, ["NaN"]]),
    ("[, 1]", [None, 1]),
    ("({ a: 1, b: undefined, c: { d: [] } })", {"a": 1, "c": {"d": []}}),
    ("({ ['__proto__']: 2 })", {"__proto__": 2}),
    ("Object.assign(Object.create(null), { a: 1 })", {"a": 1}),
    ("Object.create({ inherited: 1 })", {}),
    ("new Map([['k', new Map([[1, 2]])]])", {"k": {"1": 2}}),
    ("new Set([1, new Set([2])])", [1, [2]]),
    ("new Uint8Array([1, 2])", [1, 2]),
    ("new BigInt64Array([1n])", [1]),
    ("new Float32Array([0.5, NaN])", [0.5, "NaN"]),
    ("Buffer.from('hi')", [104, 105]),
    ("new Date(0)", "1970-01-01T00:00:00.000Z"),
    ("new Date(NaN)", None),
    ("/re/g", "/re/g"),
    ("new URL('http://a.b/c')", "http://a.b/c"),
    ("new String('s')", "s"),
    ("[new Number(3), new Boolean(false)]", [3, False]),
    (
        "(class A { #p = 1; x = 2; get y() { return 3 } m() {} }, new (class { x = 2; #p = 1; m() {} })())",
        {"x": 2},
    ),
    ("({ toJSON() { return { x: 1 } } })", {"x": 1}),
    ("(function* () {})()", "Object [Generator] {}"),
    ("new WeakMap()", "WeakMap { <items unknown> }"),
    ("new ArrayBuffer(1)", "ArrayBuffer { [Uint8Contents]: <00>, byteLength: 1 }"),
    ("new (class extends Array {})(1, 2)", [1, 2]),
]


def test_every_kind_of_value_becomes_json() -> None:
    code = f"[{', '.join(f'() => ({expression})' for expression, _ in VALUES)}].map((make) => make())"

    found = zip([expression for expression, _ in VALUES], value(code), strict=True)

    assert list(found) == VALUES


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("const a = {}; a.a = a; a", "not representable: RangeError: too large or too deep"),
        ("({ toJSON() { return this } })", "not representable: RangeError: too large or too deep"),
        ("new Array(1e9)", "not representable: RangeError: too large or too deep"),
        ("({ get x() { throw new TypeError('getter') } })", "not representable: TypeError: getter"),
        ("new Proxy({}, { ownKeys() { throw new Error('no') } })", "not representable: Error: no"),
        ("new Proxy({}, { get() { throw 5 } })", "not representable: 5"),
        ("({ toJSON() { throw Symbol('s') } })", "not representable: Symbol(s)"),
        ("({ toJSON() { throw { toString() { throw 1 } } } })", "not representable"),
    ],
)
def test_value_that_cannot_be_told_is_left_out_with_the_reason(code: str, reason: str) -> None:
    ended = run(code)

    assert ended.status == 0
    assert "value" not in ended.report
    assert ended.report["value_omitted"] == reason


@pytest.mark.parametrize(("size", "is_kept"), [(262_142, True), (262_143, False)])
def test_value_of_more_than_256_kib_of_json_is_left_out(size: int, is_kept: bool) -> None:
    report = run(f"'x'.repeat({size})").report

    assert ("value" in report) is is_kept
    assert report.get("value_omitted") == (None if is_kept else "larger than 256 KiB")


@pytest.mark.parametrize(("count", "is_kept"), [(99_999, True), (100_000, False)])
def test_value_of_more_than_100_000_items_is_left_out(count: int, is_kept: bool) -> None:
    assert ("value" in run(f"Array({count}).fill(1)").report) is is_kept


@pytest.mark.parametrize(("depth", "is_kept"), [(64, True), (65, False)])
@pytest.mark.parametrize("wrap", ["[value]", "{ value }", "new Set([value])", "new Map([[1, value]])"])
def test_value_of_more_than_64_levels_is_left_out(wrap: str, depth: int, is_kept: bool) -> None:
    report = run(f"let value = 1\nfor (let n = 0; n < {depth}; n++) value = {wrap}\nvalue").report

    assert ("value" in report) is is_kept


@pytest.mark.parametrize(
    "patch",
    [
        "Object.prototype.kind = 'other'",
        "Array.from = () => { throw 1 }",
        "Map.prototype.get = Array.prototype.map = String.prototype.replaceAll = null",
        "Promise.prototype.then = null",
        "globalThis.queueMicrotask = globalThis.TextEncoder = globalThis.Blob = undefined",
        "Deno.exit = Deno.inspect = () => { throw 1 }",
    ],
)
def test_patches_of_the_language_spoil_the_report_at_most(patch: str) -> None:
    ended = run(f"{patch}\nconsole.log('done')\n;({{ a: [1] }})")

    assert ended.status == 0
    assert ended.stdout == "done\n"
    assert {frame["kind"] for frame in ended.frames} == {"started", "report"}
