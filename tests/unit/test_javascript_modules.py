"""Programs import their input files, and nothing else but what is built in."""

import pytest

from tests.support.deno_guest import printed, run, value


@pytest.mark.parametrize("ending", ["js", "mjs", "ts", "mts"])
@pytest.mark.parametrize("language", ["javascript", "typescript"])
def test_input_module_is_imported(ending: str, language: str) -> None:
    files = {f"deep/part.{ending}": "export const answer = 42"}

    assert value(f"import {{ answer }} from './deep/part.{ending}'\nanswer", language, files=files) == 42


def test_types_are_left_out_of_input_modules() -> None:
    files = {
        "part.ts": "export enum Kind { a = 7 }\nexport type Name = string\n"
        "export const same = <T>(x: T): T => x"
    }

    assert value("import { Kind, same } from './part.ts'\nsame(Kind.a)", files=files) == 7


def test_imports_are_relative_to_the_importing_module() -> None:
    files = {
        "a/one.js": "import { two } from './b/two.js'\nexport const one = two + 1",
        "a/b/two.js": "import { zero } from '../../zero.js'\nexport const two = zero + 2",
        "zero.js": "export const zero = 0",
    }

    assert value("import { one } from './a/one.js'\none", files=files) == 3


def test_odd_names_are_found() -> None:
    files = {"a b/ü#.js": "export default import.meta.url"}

    assert value("import url from './a b/ü%23.js'\nurl", files=files) == "file:///box/work/a%20b/%C3%BC%23.js"


def test_module_is_evaluated_once() -> None:
    files = {"one.js": "console.log('one')", "two.js": "import './one.js'"}

    assert printed("import './one.js'\nimport './two.js'\nimport './one.js'", files=files) == "one\n"


def test_modules_may_import_each_other_and_the_program() -> None:
    files = {
        "a.js": "import { b } from './b.js'\nexport const a = () => 1 + b()",
        "b.js": "import { a } from './a.js'\nimport { c } from './main.js'\nexport const b = () => a && c()",
    }

    assert (
        printed("import { a } from './a.js'\nexport const c = () => 3\nconsole.log(a())", files=files)
        == "4\n"
    )


def test_exports_are_passed_on() -> None:
    files = {
        "a.js": "export * from './b.js'\nexport { default } from './b.js'",
        "b.js": "export const b = 1\nexport default 2",
    }

    assert value("import all, { b } from './a.js'\n;[all, b]", files=files) == [2, 1]


def test_modules_are_imported_dynamically() -> None:
    code = "const name = 'part'\nconst { answer } = await import(`./${name}.js`)\nanswer"

    assert value(code, files={"part.js": "export const answer = await Promise.resolve(42)"}) == 42


def test_module_that_the_program_has_written_is_imported() -> None:
    assert (
        value("Deno.writeTextFileSync('new.js', 'export default 5')\n;(await import('./new.js')).default")
        == 5
    )


def test_data_is_imported() -> None:
    files = {"a.json": '{"a": 1}', "b.txt": "text"}
    code = (
        "import a from './a.json' with { type: 'json' }\nimport b from './b.txt' with { type: 'text' }\n"
        "const { default: also } = await import('./a.json', { with: { type: 'json' } })\n;[a, b, a === also]"
    )

    assert value(code, files=files) == [{"a": 1}, "text", True]


def test_data_without_its_type_is_refused_with_what_to_do() -> None:
    ended = run("\nimport data from './data.json'", files={"data.json": "{}"})

    assert ended.error["message"] == 'cannot import "./data.json": JSON is imported `with { type: "json" }`'
    assert ended.error["line"] == 2


def test_data_that_does_not_parse_fails_the_program() -> None:
    ended = run("import data from './data.json' with { type: 'json' }", files={"data.json": "{"})

    assert (ended.status, ended.error["type"]) == (1, "SyntaxError")


def test_import_meta_of_a_module_is_its_own() -> None:
    files = {
        "deep/part.js": "const { url, main, filename, dirname } = import.meta\n"
        "export default [url, main, filename, dirname]"
    }

    assert value("import part from './deep/part.js'\npart", files=files) == [
        "file:///box/work/deep/part.js",
        False,
        "/box/work/deep/part.js",
        "/box/work/deep",
    ]


@pytest.mark.parametrize("name", ["fs", "node:fs"])
def test_built_in_modules_are_imported(name: str) -> None:
    code = (
        f"import fs, {{ existsSync }} from '{name}'\nimport path from 'path'\n"
        ";[existsSync(fs.realpathSync('.')), path.join('a', 'b')]"
    )

    assert value(code) == [True, "a/b"]


def test_module_of_a_data_url_is_imported() -> None:
    assert value("import five from 'data:text/javascript,export default 5'\nfive") == 5


def test_error_in_a_module_names_its_file_and_the_line_of_the_program() -> None:
    files = {"part.js": "\nexport const fail = () => { throw new Error('wrong') }"}

    ended = run("import { fail } from './part.js'\nfail()", files=files)

    assert ended.error["line"] == 2
    assert ended.stderr == (
        "error: Uncaught (in promise) Error: wrong\n"
        "export const fail = () => { throw new Error('wrong') }\n                                  ^\n"
        "    at fail (file:///box/work/part.js:2:35)\n    at file:///box/work/main.js:2:1\n"
    )


def test_module_that_throws_fails_the_program() -> None:
    ended = run(
        "console.log('not reached')\nimport './part.js'", files={"part.js": "throw new RangeError('wrong')"}
    )

    assert (ended.status, ended.stdout, ended.error["type"]) == (1, "", "RangeError")


@pytest.mark.parametrize(
    ("ending", "place"), [("js", "file:///box/work/part.js:2:7"), ("ts", "file:///box/work/part.ts:2:7")]
)
def test_module_that_does_not_parse_fails_the_program_with_its_place(ending: str, place: str) -> None:
    ended = run(f"import './part.{ending}'", files={f"part.{ending}": "\nconst = 2"})

    assert (ended.status, ended.error["type"]) == (1, "SyntaxError")
    assert place in ended.stderr


def test_export_that_does_not_exist_is_a_syntax_error() -> None:
    ended = run("\nimport { nothing } from './part.js'", files={"part.js": "export const a = 1"})

    assert (ended.error["type"], ended.error["line"]) == ("SyntaxError", 2)
    assert (
        ended.error["message"]
        == "The requested module './part.js' does not provide an export named 'nothing'"
    )


PACKAGES = "packages are not granted here; a program brings its modules as input files"
FILES = "a program brings its modules as input files"
REFUSALS = [
    ("lodash", PACKAGES),
    ("constructor", PACKAGES),
    ("@scope/name/part.js", PACKAGES),
    ("npm:lodash@4", PACKAGES),
    ("jsr:@std/path", PACKAGES),
    ("https://example.com/part.js", PACKAGES),
    ("http://127.0.0.1/part.js", PACKAGES),
    ("./missing.js", f"there is no such file; {FILES}"),
    ("../../missing.ts", f"it may not be read; {FILES}"),
    ("file:///etc/part.js", f"it may not be read; {FILES}"),
    ("/etc/passwd", "only .js, .mjs, .ts and .mts are modules"),
    ("./folder.js", f"it is no file; {FILES}"),
    ("./part", "only .js, .mjs, .ts and .mts are modules"),
]


@pytest.mark.parametrize(("specifier", "why"), REFUSALS)
def test_import_that_cannot_be_is_refused_with_what_to_do(specifier: str, why: str) -> None:
    ended = run(
        f"console.log('not reached')\nimport {specifier!r}", files={"folder.js/file": "", "data.json": "{}"}
    )

    message = f'cannot import "{specifier}": {why}'
    assert (ended.status, ended.stdout) == (1, "")
    assert ended.error["message"] == message
    assert (ended.error["type"], ended.error["line"]) == ("TypeError", 2)
    assert ended.stderr.startswith(f"error: TypeError: {message}\nimport {specifier!r}\n       ^\n")


@pytest.mark.parametrize("specifier", ["lodash", "npm:lodash", "./missing.js"])
def test_refused_dynamic_import_can_be_caught(specifier: str) -> None:
    code = f"let name\ntry {{ await import('{specifier}') }} catch (error) {{ name = error.name }}\nname"

    assert value(code) == "TypeError"


@pytest.mark.parametrize(
    "form", ["import all from '{}'", "import all from '{}' with {{ type: 'text' }}", "export * from '{}'"]
)
@pytest.mark.parametrize("module", ["main", "part"])
def test_host_file_is_refused_from_everywhere(form: str, module: str) -> None:
    statement = form.format("file:///etc/passwd")
    code = statement if module == "main" else "import './part.js'"

    ended = run(code, files={"part.js": statement})

    assert ended.status == 1
    assert "root:" not in ended.stdout + ended.stderr
    assert 'cannot import "file:///etc/passwd"' in ended.error["message"]


def test_module_in_a_data_url_cannot_import_host_files() -> None:
    inner = 'import all from "file:///etc/passwd" with { type: "text" }; console.log(all)'

    ended = run(f"import 'data:text/javascript,{inner}'")

    assert ended.status == 1
    assert "root:" not in ended.stdout + ended.stderr
