"""What the result says after an attack on the truth of the report."""

import json
import time

import pytest

from engine import Engine, Program, Result, result_to_json
from tests.support.canaries import Canaries
from tests.support.jails import limited, run_python
from tests.support.machine import until, wardens
from tests.support.zygotes import families

from .outside import inits, of_runs
from .test_attacks import attack_policy, attack_program

pytestmark = pytest.mark.jail


async def attacked(name: str, engine: Engine, canaries: Canaries) -> Result:
    return await engine.run(attack_program(name, canaries), attack_policy(name))


@pytest.mark.rows(36, 37)
async def test_forged_report_changes_the_programs_own_words_only(engine: Engine, canaries: Canaries) -> None:
    result = await attacked("forged_report", engine, canaries)

    assert result.value == "forged"
    assert result.error is not None
    assert (result.status, result.exit_code) == ("ok", 0)


@pytest.mark.rows(36, 40)
async def test_frames_on_every_descriptor_do_not_change_the_exit_code(
    engine: Engine, canaries: Canaries
) -> None:
    result = await attacked("forged_exit", engine, canaries)

    assert result.exit_code == 3
    assert result.value_omitted is not None


@pytest.mark.rows(36, 40)
async def test_garbage_in_the_report_is_named_and_costs_the_value_alone(
    engine: Engine, canaries: Canaries
) -> None:
    result = await attacked("garbage_report", engine, canaries)

    assert result.value is None
    assert result.value_omitted is not None
    assert "frame" in result.value_omitted


@pytest.mark.rows(35, 36)
async def test_result_with_a_deeply_nested_forged_value_can_be_printed(
    engine: Engine, canaries: Canaries
) -> None:
    result = await attacked("deep_report", engine, canaries)

    assert json.loads(result_to_json(result))["status"] == "ok"


@pytest.mark.rows(36)
@pytest.mark.parametrize(
    "report",
    [
        b'{"kind":"report","value":NaN}',
        b'{"kind":"report","value":1e999}',
        b'{"kind":"report","value":' + b"9" * 5000 + b"}",
        b'{"kind":"report","value":"\\ud800"}',
        b'{"kind":"report","extra":1}',
        b'{"kind":"report","error":{"type":1}}',
        b'{"kind":"report","error":{"type":"a","message":"b","traceback":"c","module":"\\u001b[31m"}}',
        b'{"kind":"exit","wait_status":0}',
        b'{"kind":"report","value":"\xff\xfe"}',
        b"[]",
        b"",
    ],
)
async def test_odd_report_never_fails_the_run(engine: Engine, report: bytes) -> None:
    frame = len(report).to_bytes(4, "big") + report
    code = f"import os\nos.write(4, {frame!r})\nos.close(4)"

    result = await run_python(engine, code)

    assert result.status == "ok"
    assert json.loads(result_to_json(result))["exit_code"] == 0


@pytest.mark.rows(35)
async def test_huge_value_is_left_out_with_the_reason(engine: Engine, canaries: Canaries) -> None:
    result = await attacked("huge_value", engine, canaries)

    assert result.value is None
    assert result.value_omitted == "larger than 256 KiB"


@pytest.mark.rows(35)
async def test_endless_value_is_left_out_with_the_reason(engine: Engine, canaries: Canaries) -> None:
    result = await attacked("endless_value", engine, canaries)

    assert result.value is None
    assert result.value_omitted is not None
    assert "deep" in result.value_omitted


@pytest.mark.rows(35)
async def test_message_of_a_hostile_exception_is_left_empty(engine: Engine, canaries: Canaries) -> None:
    result = await attacked("hostile_error", engine, canaries)

    assert result.exit_code == 1
    assert result.error is None or result.error.message == ""


@pytest.mark.rows(35)
async def test_message_of_a_huge_exception_is_cut(engine: Engine) -> None:
    result = await run_python(engine, "raise ValueError('x' * 1_000_000)", limited(output_kib=2048))

    assert result.error is not None
    assert result.error.type == "ValueError"
    assert len(result.error.message) <= 8192
    assert len(result.error.traceback) <= 65536


@pytest.mark.rows(33, 34)
async def test_bytes_that_are_not_text_arrive_unchanged(engine: Engine, canaries: Canaries) -> None:
    result = await attacked("odd_bytes", engine, canaries)

    assert result.stdout_bytes.startswith(
        b"nul\0 broken\xff\xfe\xc3( surrogate\xed\xa0\x80 escape\x1b]0;owned\x07"
    )
    assert result.stderr_bytes == bytes(range(256))
    assert result_to_json(result).isascii()
    assert "\x1b" not in result_to_json(result)
    assert "�" in result.stdout


@pytest.mark.rows(33, 34, 41)
async def test_odd_names_are_collected_under_names_that_can_be_printed(
    engine: Engine, canaries: Canaries
) -> None:
    result = await attacked("odd_names", engine, canaries)

    names = {artifact.name for artifact in result.files}
    assert {r"\xff\xfe", "new\nline", "-rf", "~", "$(id)", "x" * 255} <= names
    assert all(name.encode("utf-8") for name in names)
    assert "\x1b" not in result_to_json(result)


@pytest.mark.rows(41, 42)
async def test_only_plain_files_are_collected_and_the_rest_is_named(
    engine: Engine, canaries: Canaries
) -> None:
    result = await attacked("artefact_kinds", engine, canaries)

    skipped = {artifact.name: artifact.skipped for artifact in result.files if artifact.skipped}
    taken = {artifact.name for artifact in result.files if not artifact.skipped}
    assert skipped == {
        "link": "symbolic link",
        "guest-link": "symbolic link",
        "loop": "symbolic link",
        "root": "symbolic link",
        "fifo": "not a regular file",
        "socket": "not a regular file",
        "original": "hard link",
        "hard": "hard link",
    }
    assert taken == {"unreadable", "bomb.tar"}


@pytest.mark.rows(41)
async def test_sparse_files_cost_no_time(engine: Engine, canaries: Canaries) -> None:
    result = await attacked("sparse", engine, canaries)

    assert result.timing.collected - result.timing.ran < 2_000
    assert all(artifact.skipped for artifact in result.files)


@pytest.mark.rows(41)
async def test_folders_below_the_depth_limit_are_named_once(engine: Engine, canaries: Canaries) -> None:
    result = await attacked("deep_folders", engine, canaries)

    assert [artifact.skipped for artifact in result.files] == ["folder deeper than 32 levels"]


@pytest.mark.rows(29)
async def test_nothing_of_a_daemon_is_left_when_the_result_comes(engine: Engine, canaries: Canaries) -> None:
    result = await attacked("daemon", engine, canaries)

    assert result.status == "ok"
    [warden] = wardens()
    assert of_runs(warden) == []


@pytest.mark.rows(30)
async def test_result_does_not_wait_for_a_descriptor_that_a_daemon_holds(
    engine: Engine, canaries: Canaries
) -> None:
    begin = time.monotonic()

    result = await attacked("stdout_held", engine, canaries)

    assert result.stdout == "done\n"
    assert time.monotonic() - begin < 10


@pytest.mark.rows(39)
@pytest.mark.parametrize(("name", "code"), [("exit_137", 137), ("exit_124", 124)])
async def test_exit_code_is_never_taken_for_a_limit(
    name: str, code: int, engine: Engine, canaries: Canaries
) -> None:
    result = await attacked(name, engine, canaries)

    assert (result.status, result.exit_code) == ("error", code)


@pytest.mark.rows(7)
async def test_crash_leaves_no_core_file(engine: Engine, canaries: Canaries) -> None:
    result = await attacked("core_dump", engine, canaries)

    assert result.signal == "SIGSEGV"
    assert result.files == ()


@pytest.mark.rows(50)
async def test_deadline_is_kept_while_the_event_loop_is_blocked(engine: Engine) -> None:
    """The kill comes from another process: a busy engine delays the report, not the kill."""
    code = "import itertools, time\nfor n in itertools.count():\n print(n, flush=True); time.sleep(0.05)"
    seen: list[bytes] = []

    def block_once(output: object) -> None:
        if not seen:
            seen.append(b"first")
            time.sleep(1.5)

    result = await engine.run(
        Program(code=code, environment="base"), limited(wall_seconds=0.5), emit=block_once
    )

    assert (result.status, result.reason) == ("timeout", "wall-limit")
    assert len(result.stdout.split()) <= 12


def is_one_init_for_each_zygote() -> bool:
    [warden] = wardens()
    return len(inits(warden)) <= len(families(warden))


@pytest.mark.rows(12, 29)
async def test_process_tree_is_gone_after_every_kind_of_end(engine: Engine, canaries: Canaries) -> None:
    for name in ("fork_bomb", "sleep_unkillable", "output_flood", "memory_children"):
        await attacked(name, engine, canaries)

        await until(lambda: not of_runs(*wardens()), what="the jail's processes are gone")
        # Of programs, and after the first self-test since the machine booted also of that.
        await until(is_one_init_for_each_zygote, what="only one init is kept ready")
        assert len(wardens()) == 1


@pytest.mark.rows(32, 50)
async def test_flood_of_the_report_pipe_costs_the_engine_no_cpu(engine: Engine, canaries: Canaries) -> None:
    before = time.process_time()

    await attacked("report_flood", engine, canaries)

    assert time.process_time() - before < 0.3
