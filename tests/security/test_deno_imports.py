"""Static imports of what is no program's: each form ends the program before its first line."""

from collections.abc import AsyncGenerator
from typing import Literal

import pytest

from engine import Engine, File, Program, Result
from tests.support.canaries import Canaries
from tests.support.jails import config

pytestmark = [pytest.mark.jail, pytest.mark.rows(2, 11)]

#: In the jail there are files that are not the program's; the host's own are not even there.
SPECIFIERS = {
    "host": "file://{canary}",
    "host-path": "{canary}",
    "climbing": "./../../../../../../../../../..{canary}",
    "guest": "file:///opt/tools/guest/javascript.js",
    "proc": "file:///proc/self/environ",
    "devices": "file:///dev/zero",
    "http": "http://127.0.0.1:{port}/module.js",
    "https": "https://127.0.0.1:{port}/module.js",
    "npm": "npm:lodash-es@4",
    "jsr": "jsr:@std/assert",
    "extension": "ext:core/mod.js",
    "internal": "internal:deno/mod.js",
}
FORMS = {
    "plain": 'import * as all from "{specifier}";',
    "text": 'import all from "{specifier}" with {{ type: "text" }};',
    "json": 'import all from "{specifier}" with {{ type: "json" }};',
    "exported": 'import "{specifier}"; export * from "{specifier}";',
    "in-data": "import all from 'data:text/javascript,"
    'import all from "{specifier}" with {{ type: "text" }}; export default all\';',
}
SHOWS = "\nconsole.log('reached', JSON.stringify(all));"


@pytest.fixture(scope="module")
async def deno(anyio_backend: str, canaries: Canaries) -> AsyncGenerator[Engine]:
    async with Engine(config(pool={"warm": 1})) as opened:
        yield opened


def named(text: str, canaries: Canaries) -> str:
    return text.format(canary=canaries.file, port=canaries.port)


def assert_refused(result: Result, canaries: Canaries) -> None:
    assert (result.status, result.exit_code) == ("error", 1)
    assert "reached" not in result.stdout
    assert canaries.text not in result.stdout + result.stderr
    assert canaries.connections == []


@pytest.mark.parametrize("language", ["javascript", "typescript"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("specifier", SPECIFIERS)
async def test_static_import_is_refused(
    specifier: str, form: str, language: Literal["javascript", "typescript"], deno: Engine, canaries: Canaries
) -> None:
    code = FORMS[form].format(specifier=named(SPECIFIERS[specifier], canaries)) + SHOWS

    result = await deno.run(Program(code=code, language=language))

    assert_refused(result, canaries)


@pytest.mark.parametrize("ending", ["js", "ts", "mjs"])
@pytest.mark.parametrize("form", FORMS)
async def test_input_module_cannot_import_what_the_program_cannot(
    form: str, ending: str, deno: Engine, canaries: Canaries
) -> None:
    inner = FORMS[form].format(specifier=f"file://{canaries.file}") + SHOWS + "\nexport default all;"
    files = (File(name=f"inner.{ending}", data=inner.encode()),)

    result = await deno.run(Program(code=f"import './inner.{ending}';", language="javascript", files=files))

    assert_refused(result, canaries)


@pytest.mark.parametrize(
    "name", ["deno.json", "package.json", "import_map.json", ".env", "deno.lock", ".npmrc"]
)
async def test_configuration_among_the_input_files_opens_nothing(
    name: str, deno: Engine, canaries: Canaries
) -> None:
    text = f'{{"imports": {{"inner": "file://{canaries.file}"}}, "main": "{canaries.file}"}}'
    files = (File(name=name, data=text.encode()),)
    code = "import all from 'inner' with { type: 'text' };" + SHOWS

    result = await deno.run(Program(code=code, language="javascript", files=files))

    assert_refused(result, canaries)
