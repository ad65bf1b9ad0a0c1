"""What the result says after an attack on the truth of the report, or on the next run, in V8."""

import json
from collections.abc import AsyncGenerator
from typing import Literal

import pytest

from engine import Engine, Program, Result, result_to_json
from policies import Isolation, Policy
from tests.support.attacks import Corpus
from tests.support.canaries import Canaries
from tests.support.jails import config
from tests.support.machine import until

from . import test_attacks_deno, test_attacks_pyodide

pytestmark = pytest.mark.jail
DENO, PYODIDE = test_attacks_deno.CORPUS, test_attacks_pyodide.CORPUS
#: Each draws from another source of chance.
STREAMS = (
    "random.random()",
    "secrets.token_hex()",
    "str(uuid.uuid4())",
    "str(uuid.uuid1())",
    "os.urandom(8).hex()",
    "tempfile.mktemp()",
    "js.Math.random()",
    "js.crypto.randomUUID()",
)


@pytest.fixture(scope="module")
async def warm(anyio_backend: str, canaries: Canaries) -> AsyncGenerator[Engine]:
    async with Engine(config(pool={"warm": 1})) as opened:
        yield opened


async def attacked(corpus: Corpus, name: str, engine: Engine, canaries: Canaries) -> Result:
    return await engine.run(corpus.program(name, canaries), corpus.policy(name))


@pytest.mark.rows(21)
@pytest.mark.parametrize(("corpus", "name"), [(DENO, "residue.js"), (PYODIDE, "residue.py")])
async def test_nothing_of_a_run_is_there_in_the_next(
    corpus: Corpus, name: str, warm: Engine, canaries: Canaries
) -> None:
    for _ in range(3):
        result = await attacked(corpus, name, warm, canaries)

        assert corpus.complaints(name, result) == []


@pytest.mark.rows(20)
async def test_runs_from_one_snapshot_draw_different_numbers(warm: Engine) -> None:
    policy = Policy(isolation=Isolation(require=("pyodide",)))
    code = f"import js, os, random, secrets, tempfile, uuid\n[{', '.join(STREAMS)}]"

    runs = [(await warm.run(Program(code=code), policy)).value for _ in range(3)]

    assert all(len(drawn) == len(STREAMS) and None not in drawn for drawn in runs)
    assert all(len(set(drawn)) == 3 for drawn in zip(*runs, strict=True))


@pytest.mark.rows(36, 40)
@pytest.mark.parametrize(("corpus", "name"), [(DENO, "forged_frames.js"), (PYODIDE, "forged_report.py")])
async def test_forged_frames_do_not_become_the_value(
    corpus: Corpus, name: str, warm: Engine, canaries: Canaries
) -> None:
    result = await attacked(corpus, name, warm, canaries)

    assert (result.status, result.exit_code) == ("error", 3)
    assert result.timing.started <= result.timing.ran


@pytest.mark.rows(35)
@pytest.mark.parametrize("name", ["huge_value.js", "hostile_value.js", "endless_value.js"])
async def test_value_that_cannot_be_sent_is_left_out_with_the_reason(
    name: str, warm: Engine, canaries: Canaries
) -> None:
    result = await attacked(DENO, name, warm, canaries)

    assert result.value is None
    assert result.value_omitted or result.status == "timeout"
    assert json.loads(result_to_json(result))["status"] == result.status


@pytest.mark.rows(35)
async def test_huge_javascript_error_is_cut(warm: Engine) -> None:
    code = "throw new RangeError('x'.repeat(1_000_000))"

    result = await warm.run(Program(code=code, language="javascript"))

    assert result.error is not None
    assert result.error.type == "RangeError"
    assert len(result.error.message) <= 8192
    assert len(result.error.traceback) <= 65536


@pytest.mark.rows(33, 34)
async def test_bytes_that_are_not_text_come_back_from_javascript_as_they_are(
    warm: Engine, canaries: Canaries
) -> None:
    result = await attacked(DENO, "odd_bytes.js", warm, canaries)

    assert result.stdout_bytes.startswith(b"nul\0 broken\xff\xfe escape\x1b]0;owned\x07")
    assert result_to_json(result).isascii()
    assert "\x1b" not in result_to_json(result)


@pytest.mark.rows(41)
async def test_hard_links_of_a_javascript_program_are_named_and_not_read(
    warm: Engine, canaries: Canaries
) -> None:
    result = await attacked(DENO, "artefact_kinds.js", warm, canaries)

    skipped = {artifact.name: artifact.skipped for artifact in result.files if artifact.skipped}
    taken = {artifact.name for artifact in result.files if not artifact.skipped}
    assert skipped == {"original": "hard link", "hard": "hard link"}
    assert taken == {"unreadable", "bomb.tar"}


@pytest.mark.rows(31)
@pytest.mark.parametrize(("language", "code"), [("javascript", "1"), ("typescript", "1 as number")])
async def test_sandbox_that_ran_a_program_takes_no_other(
    language: Literal["javascript", "typescript"], code: str, warm: Engine
) -> None:
    program = Program(
        code=f"globalThis.runs = (globalThis.runs ?? 0) + 1; {code}; globalThis.runs", language=language
    )

    for _ in range(3):
        assert (await warm.run(program)).value == 1
        await until(lambda: warm.stats().active == 0, what="no run is active")
