"""Programs in the way of Node find what they take for granted."""

import pytest

from tests.support.deno_guest import printed, run, value, waiting


@pytest.mark.parametrize(
    "name", ["fs", "node:fs", "path", "os", "crypto", "util", "assert", "node:fs/promises"]
)
def test_built_in_modules_are_required(name: str) -> None:
    assert value(f"typeof require('{name}')") in ("object", "function")


def test_input_files_are_required() -> None:
    files = {
        "part.js": "exports.part = require('./deep/more').more + 1",
        "deep/more.cjs": "module.exports = { more: 2 }",
        "deep/more.js": "module.exports = { more: 1 }",
        "data.json": '{"a": 1}',
    }
    code = "[require('./part.js'), require('./part'), require('./deep/more.cjs'), require('./data.json')]"

    assert value(code, files=files) == [{"part": 2}, {"part": 2}, {"more": 2}, {"a": 1}]


def test_require_main_is_the_module() -> None:
    assert printed("if (require.main === module) console.log('main')") == "main\n"


def test_required_file_is_not_main() -> None:
    assert (
        value("require('./part.js')", files={"part.js": "module.exports = require.main === module"}) is False
    )


def test_module_has_what_it_exports() -> None:
    assert value("exports.a = 1\nmodule.exports.b = 2\nmodule.exports") == {"a": 1, "b": 2}


def test_exports_may_be_replaced() -> None:
    assert value("module.exports = { c: 3 }\nmodule.exports") == {"c": 3}


def test_names_may_be_used_for_something_else() -> None:
    assert value("const module = 1, exports = 2, require = 3\nmodule + exports + require") == 6


def test_names_may_be_assigned() -> None:
    assert value("module = 5\nexports = 6\nmodule + exports") == 11


def test_file_and_folder_are_those_of_the_program() -> None:
    assert value("[__filename, __dirname, process.argv[1]]") == [
        "/box/work/main.js",
        "/box/work",
        "/box/work/main.js",
    ]


def test_module_that_is_missing_is_named() -> None:
    ended = run("\nrequire('./missing')")

    assert ended.error["line"] == 2
    assert ended.error["message"].startswith("Cannot find module './missing'")


def test_package_is_refused_with_what_to_do() -> None:
    ended = run("\nrequire('lodash')")

    assert ended.error["line"] == 2
    assert ended.error["message"] == (
        'cannot find package "lodash": packages are not granted here; '
        "a program brings its modules as input files"
    )


@pytest.mark.parametrize(
    "code", ["Buffer.from('hi').toString('hex')", "global.Buffer.from('hi').toString('hex')"]
)
def test_buffer_and_global_are_there(code: str) -> None:
    assert value(code) == "6869"


def test_output_of_node_streams_is_complete() -> None:
    assert (
        printed("process.stdout.write('x'.repeat(1_000_000))\nprocess.stdout.write('y')")
        == "x" * 1_000_000 + "y"
    )


def test_readline_asks_and_gets_answers() -> None:
    code = (
        "const streams = { input: process.stdin, output: process.stdout }\n"
        "const readline = require('readline').createInterface(streams)\n"
        "readline.question('name? ', (name) => { console.log('hello', name); readline.close() })"
    )

    assert printed(code, stdin=b"you\n") == "name? hello you\n"


def test_child_processes_are_refused() -> None:
    ended = run("require('child_process').execSync('id')")

    assert ended.status == 1
    assert "uid=" not in ended.stdout + ended.stderr


def test_waiting_javascript_process_has_nothing_of_node_loaded() -> None:
    with waiting("javascript") as guest:
        memory = _anonymous_kib(guest.process.pid)
    with waiting("typescript") as guest:
        with_node = _anonymous_kib(guest.process.pid)

    assert memory < 0.75 * with_node


def _anonymous_kib(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon:"))
