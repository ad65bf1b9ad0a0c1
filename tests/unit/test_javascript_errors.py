"""A program that fails is told of as `deno run` does, with nothing but its own frames."""

import pytest

from tests.support.deno_guest import printed, run


def test_uncaught_error_is_printed_with_its_line_and_frames() -> None:
    ended = run("function fail() {\n  throw new TypeError('wrong')\n}\nfail()")

    assert ended.status == 1
    assert ended.stderr == (
        "error: Uncaught (in promise) TypeError: wrong\n  throw new TypeError('wrong')\n        ^\n"
        "    at fail (file:///box/work/main.js:2:9)\n    at file:///box/work/main.js:4:1\n"
    )


def test_uncaught_error_is_reported_as_it_is_printed() -> None:
    ended = run("throw new RangeError('wrong')")

    assert ended.error == {
        "type": "RangeError",
        "message": "wrong",
        "traceback": (
            "RangeError: wrong\nthrow new RangeError('wrong')\n      ^\n    at file:///box/work/main.js:1:7"
        ),
        "line": 1,
    }


@pytest.mark.parametrize(
    ("code", "introduction"),
    [
        ("\nawait Promise.reject(new Error('wrong'))", "error: Uncaught (in promise) Error: wrong"),
        ("\nPromise.reject(new Error('wrong'))", "error: Uncaught (in promise) Error: wrong"),
        ("\nlet lost = Promise.reject(new Error('wrong'));", "error: Uncaught (in promise) Error: wrong"),
        (
            "\nasync function main() { throw new Error('wrong') }\nmain()",
            "error: Uncaught (in promise) Error: wrong",
        ),
        ("\nsetTimeout(() => { throw new Error('wrong') }, 1)", "error: Uncaught Error: wrong"),
        ("\nqueueMicrotask(() => { throw new Error('wrong') })", "error: Uncaught Error: wrong"),
        ("\nprocess.nextTick(() => { throw new Error('wrong') })", "error: Uncaught Error: wrong"),
        ("\nreportError(new Error('wrong'))", "error: Uncaught Error: wrong"),
        ("\nexport default Promise.reject(new Error('wrong'))", "error: Uncaught (in promise) Error: wrong"),
    ],
)
def test_error_wherever_it_comes_from_fails_the_program(code: str, introduction: str) -> None:
    ended = run(code)

    assert ended.status == 1
    assert ended.stderr.splitlines()[0] == introduction
    assert (ended.error["type"], ended.error["message"], ended.error["line"]) == ("Error", "wrong", 2)
    assert "guest_js" not in ended.stderr
    assert "ext:" not in ended.stderr


@pytest.mark.parametrize(
    ("code", "line", "message"),
    [
        ("let x = 1\n\nlet y = = 2", 3, "Expression expected"),
        ("let a\nlet a", 2, "Identifier 'a' has already been declared"),
        ("\nreturn 5", 2, "Illegal return statement"),
        ("f(\n", 1, "Expression expected"),
        ("const text = 'open\n", 1, "Invalid or unexpected token"),
    ],
)
def test_syntax_error_has_its_line_and_words(code: str, line: int, message: str) -> None:
    ended = run(code)

    assert ended.status == 1
    assert ended.stderr.startswith(("error: Uncaught SyntaxError: ", "error: SyntaxError: "))
    assert (ended.error["type"], ended.error["line"]) == ("SyntaxError", line)
    assert ended.error["message"].splitlines()[0] == message


def test_syntax_error_in_typescript_has_its_line() -> None:
    ended = run("const number: number = 1\nconst : number = = 2", "typescript")

    assert (ended.error["type"], ended.error["line"]) == ("SyntaxError", 2)
    assert "file:///box/work/main.ts:2:7" in ended.stderr


def test_syntax_error_at_run_time_keeps_its_frames() -> None:
    ended = run("const text = '{'\nJSON.parse(text)")

    assert ended.error["type"] == "SyntaxError"
    assert ended.error["line"] == 2
    assert "    at JSON.parse (<anonymous>)\n    at file:///box/work/main.js:2:6" in ended.stderr


@pytest.mark.parametrize(
    "code",
    [
        "let first: number = 1\n\n  throw new Error('wrong' as string)",
        "enum Long { a, b, c }\n\n  throw new Error('wrong' as string)",
        "namespace Long { export const a = 1 }\n\n  throw new Error('wrong')",
        "const same = (_: unknown) => {}\n@same class A {}\n  throw new Error('wrong')",
    ],
)
def test_places_in_typescript_are_those_of_the_source(code: str) -> None:
    ended = run(code, "typescript")

    assert ended.error["line"] == 3
    assert "file:///box/work/main.ts:3:" in ended.error["traceback"]


def test_places_are_right_before_and_after_what_is_added() -> None:
    code = "const { main } = import.meta; function fail() { throw new Error('wrong') }\nmain && fail()"

    ended = run(code)

    assert (
        "    at fail (file:///box/work/main.js:1:55)\n    at file:///box/work/main.js:2:9\n" in ended.stderr
    )


def test_stack_that_a_program_prints_names_the_program() -> None:
    assert printed("\nconsole.log(new Error('shown').stack)") == (
        "Error: shown\n    at file:///box/work/main.js:2:13\n"
    )


def test_places_in_generated_code_have_their_line() -> None:
    ended = run("let x = 0\n" + "x += 1\n" * 20_000 + "throw new Error('wrong')")

    assert ended.error["line"] == 20_002


def test_long_line_is_not_shown() -> None:
    shown = run(f"throw new Error('wrong') // {'x' * 122}")
    hidden = run(f"throw new Error('wrong') // {'x' * 123}")

    assert "xxx" in shown.stderr
    assert "xxx" not in hidden.stderr


@pytest.mark.parametrize(
    ("thrown", "kind", "message"),
    [
        ("'text'", "string", '"text"'),
        ("null", "object", "null"),
        ("undefined", "undefined", "undefined"),
        ("5n", "bigint", "5n"),
        ("Symbol('s')", "symbol", "Symbol(s)"),
        ("{ a: 1 }", "object", "{ a: 1 }"),
        ("() => 1", "function", "[Function (anonymous)]"),
    ],
)
@pytest.mark.parametrize("form", ["throw {}", "setTimeout(() => {{ throw {} }})"])
def test_thrown_value_that_is_no_error_is_shown(form: str, thrown: str, kind: str, message: str) -> None:
    ended = run(form.format(thrown))

    assert ended.status == 1
    assert (ended.error["type"], ended.error["message"], ended.error["line"]) == (kind, message, None)
    assert ended.stderr.endswith(f" {message}\n")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("class MyError extends Error {}\nthrow new MyError('m')", "MyError"),
        ("class MyError extends Error { name = 'Mine' }\nthrow new MyError('m')", "Mine"),
        ("throw new DOMException('m', 'AbortError')", "AbortError"),
        ("Deno.readTextFileSync('missing')", "NotFound"),
    ],
)
def test_type_is_what_the_error_calls_itself_or_its_class(code: str, kind: str) -> None:
    assert run(code).error["type"] == kind


def test_causes_are_printed() -> None:
    ended = run("throw new Error('outer', { cause: new TypeError('inner') })")

    assert "\nCaused by: TypeError: inner\n    at file:///box/work/main.js:1:35\n" in ended.stderr


def test_errors_in_an_aggregate_are_printed() -> None:
    ended = run("throw new AggregateError([new Error('one'), new TypeError('two')], 'both')")

    assert ended.stderr.startswith(
        "error: Uncaught (in promise) AggregateError: both\n"
        "    Error: one\n        at file:///box/work/main.js:1:27\n"
        "    TypeError: two\n        at file:///box/work/main.js:1:45\n"
    )


def test_no_more_than_twenty_causes_are_printed() -> None:
    code = (
        "let error = new Error('0')\n"
        "for (let n = 1; n < {}; n++) error = new Error(String(n), {{ cause: error }})\n"
        "throw error"
    )

    below, above = run(code.format(20)), run(code.format(21))

    assert (below.stderr.count("Caused by"), below.stderr.count("Error: 0\n")) == (19, 1)
    assert (above.stderr.count("Caused by"), above.stderr.count("Error: 0\n")) == (19, 0)


@pytest.mark.parametrize(
    "code",
    [
        "const error = new Error('m'); error.cause = error; throw error",
        "const one = new AggregateError([], 'm'); one.errors = [one, one]; throw one",
        "throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 }, ownKeys() { throw 3 } })",
        "throw new Proxy(new Error('m'), { get() { throw 1 } })",
        "throw { toString() { throw 1 }, [Symbol.toPrimitive]() { throw 2 }, get a() { throw 3 } }",
        "throw Object.defineProperty(new Error(), 'stack', { get() { throw 1 } })",
        "throw Object.defineProperty(new Error(), 'message', { get() { throw 1 } })",
        "const error = new Error(); error.message = Symbol(); error.name = {}; throw error",
        "throw Object.defineProperty(new Error(), 'cause', { get() { throw 1 } })",
        "const error = new Error('m'); error.name = { toString() { throw 1 } }; throw error",
        "const error = new Error('m'); error.stack = null; throw error",
        "const error = new Error('\\ud800'); error.name = '\\udfff'; throw error",
        "Error.prepareStackTrace = () => { throw 1 }; throw new Error('m')",
        "Error.stackTraceLimit = 0; throw new Error('m')",
    ],
)
def test_hostile_error_ends_the_program_with_a_report(code: str) -> None:
    ended = run(code)

    assert ended.status == 1
    assert [frame["kind"] for frame in ended.frames] == ["started", "report"]
    assert ended.stderr.startswith("error: Uncaught ")


@pytest.mark.parametrize(
    "patch",
    [
        "String.prototype.split = null",
        "Array.prototype.push = () => { throw 1 }",
        "JSON.stringify = () => { throw new Error() }",
        "Uint8Array.prototype.subarray = () => { throw 1 }",
        "Object.prototype.toJSON = () => { throw 1 }",
    ],
)
def test_error_after_patches_of_the_language_ends_the_program(patch: str) -> None:
    assert run(f"{patch}\nthrow new Error('wrong')").status == 1


@pytest.mark.parametrize(("size", "kept"), [(8191, 8191), (8192, 8192), (8193, 8192), (1_000_000, 8192)])
def test_message_is_cut_at_8_kib(size: int, kept: int) -> None:
    ended = run(f"throw new Error('m'.repeat({size}))")

    assert len(ended.error["message"]) == kept


@pytest.mark.parametrize(("size", "kept"), [(65_535, 65_535), (65_536, 65_536), (65_537, 65_536)])
def test_traceback_is_cut_at_64_kib(size: int, kept: int) -> None:
    ended = run(f"Error.stackTraceLimit = 0\nthrow new Error('m'.repeat({size - len('Error: ')}))")

    assert len(ended.error["traceback"]) == kept


@pytest.mark.parametrize(("size", "kept"), [(199, 199), (200, 200), (201, 200)])
def test_type_is_cut_at_200_characters(size: int, kept: int) -> None:
    ended = run(f"throw Object.assign(new Error(), {{ name: 't'.repeat({size}) }})")

    assert len(ended.error["type"]) == kept


@pytest.mark.parametrize(
    "code",
    [
        "onunhandledrejection = (event) => { event.preventDefault(); console.log('seen') }\n"
        "Promise.reject(new Error('wrong'))",
        "onunhandledrejection = (event) => { event.preventDefault(); console.log('seen') }\n"
        "throw new Error('wrong')",
        "globalThis.onerror = (event) => { event.preventDefault(); console.log('seen') }\n"
        "setTimeout(() => { throw new Error('wrong') })",
        "process.on('uncaughtException', () => console.log('seen'))\nsetTimeout(() => { throw 1 })",
        "process.on('uncaughtException', () => console.log('seen'))\nthrow new Error('wrong')",
        "process.on('unhandledRejection', () => console.log('seen'))\nPromise.reject(new Error('wrong'))",
    ],
)
def test_errors_that_the_program_handles_do_not_end_it(code: str) -> None:
    said = printed(f"setTimeout(() => console.log('later'), 5)\n{code}")

    assert set(said.splitlines()) == {"seen", "later"}


def test_error_that_is_only_looked_at_ends_the_program() -> None:
    ended = run("addEventListener('error', () => console.log('seen'))\nsetTimeout(() => { throw 1 })")

    assert (ended.status, ended.stdout) == (1, "seen\n")


@pytest.mark.parametrize("listen", ["addEventListener('unload', {})", "process.on('exit', {})"])
def test_listeners_of_the_end_are_not_told_of_an_error(listen: str) -> None:
    ended = run(f"{listen.format("() => console.log('end')")}\nthrow new Error('wrong')")

    assert ended.stdout == ""
