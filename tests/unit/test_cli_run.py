import io
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from msgspec.structs import replace

from engine import (
    AdmissionConfig,
    Artifact,
    Capabilities,
    ConfigError,
    Emit,
    Engine,
    EngineConfig,
    IsolationInfo,
    PolicyError,
    PolicyUnsupportedError,
    Program,
    Reason,
    Result,
    RuntimeUnavailableError,
    Stage,
    Status,
)
from engine._runtime import Compiled
from engine.cli._errors import Interrupted, UsageError, describe
from engine.cli._execute import execute
from engine.cli._parser import parse
from engine.testing import Behaviour, FakeRuntime, FakeSandbox, dies, prints
from policies import Policy

Capture = pytest.CaptureFixture[str]


def _isorun(*argv: str, runtime: FakeRuntime | None = None) -> int:
    runtime = runtime or FakeRuntime()

    def make_engine(config: EngineConfig) -> Engine:
        admission = AdmissionConfig(memory_mib=2_000_000)  # more than any policy allows
        return Engine(replace(config, admission=admission), runtimes=[runtime])

    code = execute(parse(["run", *argv]), make_engine)
    assert runtime.live == 0
    return code


def _changed(behaviour: Behaviour, **fields: Any) -> Behaviour:
    """Let a program end with other fields in its result."""

    async def behave(sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None) -> Result:
        return replace(await behaviour(sandbox, program, policy, emit), **fields)

    return behave


def _seen(*argv: str) -> tuple[Program, Policy]:
    """Return what reaches the sandbox."""
    languages = frozenset({"python", "bash", "perl", "javascript", "typescript", "c", "cpp", "rust", "wat"})
    able = Capabilities(
        languages=languages,
        checks=frozenset({"typescript"}),
        compiles=frozenset({"c", "cpp", "rust"}),
        calls=frozenset({"c", "wat"}),
    )
    runtime = FakeRuntime(capabilities=able)
    assert _isorun(*argv, runtime=runtime) == 0
    return runtime.sandboxes[0].programs[0], runtime.sandboxes[0].policies[0]


def _give_stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


# What reaches the sandbox


def test_code_is_python_with_empty_stdin() -> None:
    program, _ = _seen("-c", "print(1)")

    assert program == Program(code="print(1)", language="python")


def test_language_comes_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_bytes(b"echo \xff")

    program, _ = _seen(str(tmp_path / "a.sh"))

    assert (program.code, program.language) == (b"echo \xff", "bash")


def test_ending_of_a_configured_interpreter_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "isorun").mkdir()
    (tmp_path / "isorun/config.toml").write_text(
        '[interpreters.perl]\ncommand = ["/usr/bin/perl"]\nsuffix = ".x"\n'
    )
    (tmp_path / "a.x").write_text("1")

    assert _seen(str(tmp_path / "a.x"))[0].language == "perl"


def test_option_wins_over_the_file_ending(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("1")

    assert _seen(str(tmp_path / "a.sh"), "--lang", "perl")[0].language == "perl"


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("js", "javascript"),
        ("ts", "typescript"),
        ("py", "python"),
        ("c++", "cpp"),
        ("rs", "rust"),
    ],
)
def test_language_has_a_short_name(name: str, language: str) -> None:
    assert _seen("-c", "1", "--lang", name)[0].language == language


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("a.js", "javascript"),
        ("a.mts", "typescript"),
        ("a.c", "c"),
        ("a.cc", "cpp"),
        ("a.cpp", "cpp"),
        ("a.CXX", "cpp"),
        ("a.rs", "rust"),
        ("a.wat", "wat"),
    ],
)
def test_language_is_known_by_the_ending(tmp_path: Path, name: str, language: str) -> None:
    (tmp_path / name).write_text("1")

    assert _seen(str(tmp_path / name))[0].language == language


def test_check_is_asked_for_by_an_option() -> None:
    assert _seen("-c", "1", "--lang", "ts", "--check")[0].check
    assert not _seen("-c", "1", "--lang", "ts")[0].check


def test_flags_for_the_compiler_are_passed_on_in_order() -> None:
    program, _ = _seen("-c", "int main() {}", "--lang", "c++", "--flag=-O3", "--flag=-DX=1")

    assert program.flags == ("-O3", "-DX=1")


def test_value_that_looks_like_an_option_is_told_how_to_be_written() -> None:
    with pytest.raises(UsageError, match="expected one argument") as caught:
        _isorun("a.c", "--flag", "-O3")

    assert "`--flag=-x`" in str(caught.value.hint)


def test_flags_for_a_language_without_a_compiler_are_refused() -> None:
    with pytest.raises(ConfigError, match="no runtime can give compiler flags to `python`"):
        _isorun("-c", "1", "--flag=-O3")


@pytest.mark.parametrize(
    ("arguments", "name", "given"),
    [
        (["--call", "now"], "now", ()),
        (["--call", "add", "2", "3"], "add", ("2", "3")),
        (["--call", "add", "2", "--", "-3"], "add", ("2", "-3")),
        (["--call", "add", "--arg=-2", "--arg=-3"], "add", ("-2", "-3")),
    ],
)
def test_function_to_call_is_named_with_its_arguments(
    arguments: list[str], name: str, given: tuple[str, ...]
) -> None:
    program, _ = _seen("-c", "(module)", "--lang", "wat", *arguments)

    assert (program.call, program.args) == (name, given)


def test_call_of_a_function_of_another_language_is_refused() -> None:
    with pytest.raises(ConfigError, match="no runtime can call a single function of `python`"):
        _isorun("-c", "1", "--call", "f")


def test_check_of_a_language_without_types_is_refused() -> None:
    with pytest.raises(ConfigError, match="no runtime can type-check `python`"):
        _isorun("-c", "1", "--check")


@pytest.mark.parametrize(("code", "language"), [(b"print(1)", "python"), (b"#!/bin/bash\nls", "bash")])
def test_dash_reads_the_program_from_stdin(
    monkeypatch: pytest.MonkeyPatch, code: bytes, language: str
) -> None:
    _give_stdin(monkeypatch, code)

    program, _ = _seen("-")

    assert (program.code, program.language, program.stdin) == (code, language, b"")


def test_arguments_come_from_options_and_from_behind_the_dashes() -> None:
    program, _ = _seen("-c", "1", "--arg", "a", "--arg=-b", "--", "--json", "-c", "--", "c")

    assert program.args == ("a", "-b", "--json", "-c", "--", "c")


def test_environment_and_variables_are_passed() -> None:
    program, _ = _seen("-c", "1", "--env", "A=b=c", "--env", "EMPTY=", "--env-name", "data")

    assert program.env == {"A": "b=c", "EMPTY": ""}
    assert program.environment == "data"


def test_stdin_is_text_or_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    _give_stdin(monkeypatch, b"\x00\xff")

    assert _seen("-c", "1", "--stdin", "ä")[0].stdin == "ä".encode()
    assert _seen("-c", "1", "--stdin", "-")[0].stdin == b"\x00\xff"


def test_inputs_keep_or_change_their_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"1")

    program, _ = _seen(
        "-c", "1", "--input", str(tmp_path / "a.csv"), "--input", f"{tmp_path / 'a.csv'}:sub/b.csv"
    )

    assert [(file.name, file.data) for file in program.files] == [("a.csv", b"1"), ("sub/b.csv", b"1")]


def test_options_lie_over_the_policy() -> None:
    _, policy = _seen(
        "-c", "1", "--policy", "quick", "--timeout", "7.5", "--memory", "1G", "--isolation", "fake"
    )

    assert (policy.limits.wall_seconds, policy.limits.cpu_seconds) == (7.5, 7.5)
    assert policy.limits.memory_mib == 1024
    assert policy.limits.pids == 16
    assert policy.isolation.require == ("fake",)


def test_preference_lies_over_the_policy() -> None:
    assert _seen("-c", "1", "--prefer", "isolation")[1].isolation.prefer == "isolation"
    assert _seen("-c", "1")[1].isolation.prefer == "speed"


def test_preference_of_the_policy_stays_without_the_option(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text('[isolation]\nprefer = "isolation"\n')

    assert _seen("-c", "1", "--policy", str(tmp_path / "p.toml"))[1].isolation.prefer == "isolation"


def test_packages_are_granted_by_an_option_or_the_policy(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text('packages = "prefetched"\n')

    assert _seen("-c", "1")[1].packages == "none"
    assert _seen("-c", "1", "--allow-packages")[1].packages == "prefetched"
    assert _seen("-c", "1", "--policy", str(tmp_path / "p.toml"))[1].packages == "prefetched"


def test_short_timeout_leaves_the_cpu_limit() -> None:
    _, policy = _seen("-c", "1", "--timeout", "1")

    assert (policy.limits.wall_seconds, policy.limits.cpu_seconds) == (1.0, 30.0)


def test_policy_can_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[limits]\npids = 3\n")

    assert _seen("-c", "1", "--policy", str(tmp_path / "mine.toml"))[1].limits.pids == 3


def test_policy_of_the_configuration_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISORUN_POLICY", "quick")

    assert _seen("-c", "1")[1].limits.wall_seconds == 2


# What is refused


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["a.py", "-c", "1"],
        ["-", "-c", "1"],
        ["-", "--stdin", "-"],
        ["-c", "1", "--env", "A"],
        ["-c", "1", "--env", "=b"],
        ["-c", "1", "--input", ""],
        ["-c", "1", "--input", "a:"],
        ["-c", "1", "--input", ":b"],
        ["-c", "1", "--timeout", "soon"],
        ["-c", "1", "--timeout", "nan"],
        ["-c", "1", "--memory", "lots"],
        ["-c", "1", "--prefer", "luck"],
        ["-c", "1", "--tim", "3"],
        ["-c", "1", "--unknown"],
        ["a.py", "b.py"],
    ],
)
def test_odd_command_line_is_a_usage_error(argv: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    _give_stdin(monkeypatch, b"1")

    with pytest.raises(UsageError):
        _isorun(*argv)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        (["--timeout", "0"], "limits.wall-seconds"),
        (["--timeout", "-1"], "limits.wall-seconds"),
        (["--timeout", "86401"], "limits.wall-seconds"),
        (["--memory", "23"], "limits.memory-mib"),
        (["--memory", "-5"], "limits.memory-mib"),
        (["--memory", "2000G"], "limits.memory-mib"),
        (["--policy", "unknown"], ""),
        (["--policy", "./missing.toml"], ""),
    ],
)
def test_policy_out_of_range_names_the_key(options: list[str], key: str) -> None:
    with pytest.raises(PolicyError) as raised:
        _isorun("-c", "1", *options)

    assert raised.value.key == key


@pytest.mark.parametrize("options", [["--timeout", "86400"], ["--memory", "24"], ["--memory", "1024G"]])
def test_policy_just_within_range_is_taken(options: list[str]) -> None:
    assert _isorun("-c", "1", *options) == 0


def test_option_cannot_undo_a_required_isolation(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text('[isolation]\nrequire = ["fake", "other"]\n')

    assert _isorun("-c", "1", "--policy", str(tmp_path / "p.toml"), "--isolation", "fake") == 0
    with pytest.raises(PolicyError) as raised:
        _isorun("-c", "1", "--policy", str(tmp_path / "p.toml"), "--isolation", "third")

    assert raised.value.key == "isolation.require"


@pytest.mark.parametrize("name", ["missing.py", "", "folder", "a\x00b"])
def test_unreadable_program_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(ConfigError):
        _isorun(str(tmp_path / name))


@pytest.mark.parametrize("argv", [["/dev/zero", "--lang", "python"], ["-c", ""], ["-c", "1", "--lang", "x"]])
def test_program_that_cannot_be_run_is_refused(argv: list[str]) -> None:
    with pytest.raises(ConfigError):
        _isorun(*argv)


@pytest.mark.parametrize("name", ["/etc/passwd", "../a", "a//b", "a/./b"])
def test_input_name_outside_of_the_working_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").touch()

    with pytest.raises(ConfigError):
        _isorun("-c", "1", "--input", f"{tmp_path / 'a'}:{name}")


@pytest.mark.parametrize("path", ["/dev/zero", "/missing/file"])
def test_input_that_is_no_file_is_refused(path: str) -> None:
    with pytest.raises(ConfigError):
        _isorun("-c", "1", "--input", path)


def test_occupied_output_folder_is_refused_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    runtime = FakeRuntime()

    with pytest.raises(ConfigError):
        _isorun("-c", "1", "--output", str(tmp_path), runtime=runtime)

    assert runtime.sandboxes == []


# What a person sees


def test_output_passes_unchanged_to_a_file(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    code = _isorun("-c", "1", runtime=FakeRuntime(behaviour=prints(b"\x1b[31m\xff", b"warn\r")))

    captured = capfdbinary.readouterr()
    assert code == 0
    assert captured.out == b"\x1b[31m\xff"
    assert captured.err == b"warn\r"


@pytest.mark.parametrize(
    ("status", "reason", "code"),
    [
        (Status.OK, Reason.EXIT_ZERO, 0),
        (Status.ERROR, Reason.EXIT_NONZERO, 1),
        (Status.CRASHED, Reason.SIGNAL, 1),
        (Status.TIMEOUT, Reason.WALL_LIMIT, 3),
        (Status.MEMORY, Reason.MEMORY_LIMIT, 3),
        (Status.OUTPUT, Reason.OUTPUT_LIMIT, 3),
        (Status.PIDS, Reason.PIDS_LIMIT, 3),
        (Status.DISK, Reason.DISK_BYTES, 3),
        (Status.DENIED, Reason.SYSTEM_CALL, 3),
        (Status.CANCELLED, Reason.CANCELLED, 4),
    ],
)
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_exit_code_says_how_the_run_ended(
    capfd: Capture, status: Status, reason: Reason, code: int, options: list[str]
) -> None:
    behaviour = _changed(prints(), status=status, reason=reason)

    assert _isorun("-c", "1", *options, runtime=FakeRuntime(behaviour=behaviour)) == code
    assert bool(capfd.readouterr().err) is (code != 0 and not options)


def test_failure_is_told_with_its_limit_and_hint(capfd: Capture) -> None:
    runtime = FakeRuntime(behaviour=_changed(prints(b"x"), status=Status.TIMEOUT, reason=Reason.WALL_LIMIT))
    runtime.advice = "do \x1b[2Jthis"

    _isorun("-c", "1", "--timeout", "2", runtime=runtime)

    captured = capfd.readouterr()
    assert captured.out == "x"
    assert captured.err.splitlines() == [
        "error: the program was stopped: `timeout`, `wall-limit` of 2 s",
        "hint: do ␛[2Jthis",
    ]


def test_failing_program_is_told_with_its_exit_code(capfd: Capture) -> None:
    _isorun("-c", "1", runtime=FakeRuntime(behaviour=prints(b"", b"trace\n", status=Status.ERROR)))

    assert capfd.readouterr().err == (
        "trace\nerror: the program failed with exit code 1 (`error`, `exit-nonzero`)\n"
    )


def _compiling(stage: Stage, **failure: Any) -> FakeRuntime:
    runtime = FakeRuntime(behaviour=prints(b"out\n"))
    isolation = IsolationInfo(runtime="fake")
    failed = Result(isolation=isolation, **failure) if failure else None
    runtime.compiled = {"1": Compiled(program=Program(code="1"), stage=stage, failure=failed)}
    return runtime


def test_program_that_does_not_compile_is_told_with_its_diagnostics(capfd: Capture) -> None:
    runtime = _compiling(
        Stage(status=Status.ERROR, exit_code=1, output="line 1: no\n"),
        status=Status.ERROR,
        reason=Reason.COMPILE_FAILED,
        exit_code=1,
        stderr_bytes=b"line 1: no\n",
    )

    assert _isorun("-c", "1", runtime=runtime) == 1
    captured = capfd.readouterr()
    assert captured.out == ""
    diagnostics, _, end = captured.err.partition("error: ")
    assert diagnostics == "line 1: no\n"
    assert end == (
        "the program was not run: its compile stage failed with exit code 1 (`error`, `compile-failed`)\n"
    )


def test_program_that_does_not_compile_is_json_with_its_diagnostics(capfd: Capture) -> None:
    runtime = _compiling(
        Stage(status=Status.ERROR, exit_code=1, output="line 1: no"),
        status=Status.ERROR,
        reason=Reason.COMPILE_FAILED,
        stderr_bytes=b"line 1: no",
    )

    assert _isorun("-c", "1", "--json", runtime=runtime) == 1
    captured = capfd.readouterr()
    fields = json.loads(captured.out)
    assert captured.err == ""
    assert (fields["reason"], fields["stderr"]) == ("compile-failed", "line 1: no")
    assert fields["stages"]["compile"]["output"] == "line 1: no"
    assert 0 < fields["timing"]["compiled"] <= fields["timing"]["total"]


def test_limit_of_a_compile_stage_is_told_as_such(capfd: Capture) -> None:
    timeout = {"status": Status.TIMEOUT, "reason": Reason.WALL_LIMIT}

    assert _isorun("-c", "1", runtime=_compiling(Stage(status=Status.TIMEOUT), **timeout)) == 3
    assert capfd.readouterr().err == (
        "error: the program was not run: its compile stage was stopped: `timeout`, `wall-limit` of 30 s\n"
    )


def test_warnings_of_a_compile_stage_are_shown(capfd: Capture) -> None:
    runtime = _compiling(Stage(status=Status.OK, output="unused \x1b[2J\n\n"))

    assert _isorun("-c", "1", runtime=runtime) == 0
    captured = capfd.readouterr()
    assert captured.out == "out\n"
    assert captured.err == "note: the compile stage said:\nunused ␛[2J\n"


def test_value_is_shown_when_nothing_was_printed(capfd: Capture) -> None:
    _isorun("-c", "1", runtime=FakeRuntime(behaviour=_changed(prints(), value={"a": ["ä", "\x9b"]})))

    assert capfd.readouterr().out == '{"a": ["ä", "\\u009b"]}\n'


def test_value_is_not_shown_beside_output(capfd: Capture) -> None:
    _isorun("-c", "1", runtime=FakeRuntime(behaviour=_changed(prints(b"out\n"), value=1)))

    assert capfd.readouterr().out == "out\n"


def test_cut_output_is_told(capfd: Capture) -> None:
    _isorun("-c", "1", runtime=FakeRuntime(behaviour=_changed(prints(b"x"), stdout_dropped_bytes=7)))

    assert "stdout was cut: 7 bytes" in capfd.readouterr().err


def _leaves(*names: str) -> FakeRuntime:
    files = tuple(Artifact(name=name, data=b"data", size=4) for name in names)
    return FakeRuntime(behaviour=_changed(prints(), files=files))


def test_files_that_nobody_asked_for_are_named_on_one_line(capfd: Capture) -> None:
    _isorun("-c", "1", runtime=_leaves("a\nerror: forged", "b", "c", "d", "e", "f"))

    lines = capfd.readouterr().err.splitlines()
    shown = "`a␊error: forged`, `b`, `c`, `d`, `e` and 1 more"
    assert lines == [f"note: the program left 6 files: {shown}; `--output DIR` keeps them"]


def test_files_are_written_to_the_output_folder(capfd: Capture, tmp_path: Path) -> None:
    folder = tmp_path / "out"

    assert _isorun("-c", "1", "--output", str(folder), runtime=_leaves("a/b", "../c")) == 0

    assert (folder / "a/b").read_bytes() == b"data"
    assert not (tmp_path / "c").exists()
    assert "`../c` was not written" in capfd.readouterr().err


# What a program sees: --json


def test_json_is_the_whole_result_and_nothing_else(capfd: Capture) -> None:
    behaviour = _changed(prints(b"out\x1b", b"err", status=Status.ERROR), value=[1])

    code = _isorun("-c", "1", "--json", runtime=FakeRuntime(behaviour=behaviour))

    captured = capfd.readouterr()
    fields = json.loads(captured.out)
    assert code == 1
    assert captured.err == ""
    assert captured.out.isascii()
    assert captured.out.count("\n") == 1
    assert (fields["status"], fields["stdout"], fields["stderr"]) == ("error", "out\x1b", "err")
    assert fields["value"] == [1]


def test_json_says_what_was_written(capfd: Capture, tmp_path: Path) -> None:
    _isorun("-c", "1", "--json", "--output", str(tmp_path), runtime=_leaves("a", "/b"))

    fields = json.loads(capfd.readouterr().out)
    assert (tmp_path / "a").exists()
    assert fields["output"] == {
        "folder": str(tmp_path),
        "written": ["a"],
        "left": [{"name": "/b", "reason": "its name is not a relative path"}],
    }
    assert "base64" not in fields["files"][0]


# Explain


def test_explain_says_why_and_runs_nothing(capfd: Capture) -> None:
    runtime = FakeRuntime()

    code = _isorun("-c", "1", "--explain", runtime=runtime)

    assert code == 0
    assert capfd.readouterr().out.startswith("fake  taken")
    assert runtime.sandboxes == []


def test_explain_fails_when_nothing_would_do(capfd: Capture) -> None:
    code = _isorun("-c", "1", "--explain", "--json", runtime=FakeRuntime(unavailable="no luck"))

    tiers = json.loads(capfd.readouterr().out)["tiers"]
    assert code == 4
    assert [(tier["runtime"], tier["taken"]) for tier in tiers] == [("fake", False)]
    assert "no luck" in tiers[0]["reason"]


# What goes wrong on the host


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_missing_runtime_is_a_host_failure(options: list[str]) -> None:
    with pytest.raises(RuntimeUnavailableError) as raised:
        _isorun("-c", "1", *options, runtime=FakeRuntime(unavailable="no luck"))

    found = describe(raised.value)
    assert found is not None
    assert (found.exit_code, found.hint) == (4, "install `fake`")


def test_clause_that_nobody_enforces_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("[isolation]\nrequire-cgroups = true\n")

    with pytest.raises(PolicyUnsupportedError) as raised:
        _isorun("-c", "1", "--policy", str(tmp_path / "p.toml"))

    found = describe(raised.value)
    assert found is not None
    assert found.exit_code == 2


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_lost_sandbox_is_a_host_failure(options: list[str]) -> None:
    with pytest.raises(Exception, match="died") as raised:
        _isorun("-c", "1", *options, runtime=FakeRuntime(behaviour=dies))

    found = describe(raised.value)
    assert found is not None
    assert found.exit_code == 4


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_signal_ends_the_run_and_leaves_nothing(number: int, code: int, options: list[str]) -> None:
    async def is_interrupted(
        sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None
    ) -> Result:
        os.kill(os.getpid(), number)
        await anyio.sleep_forever()
        raise AssertionError("unreachable")

    runtime = FakeRuntime(behaviour=is_interrupted)

    with pytest.raises(Interrupted) as raised:
        _isorun("-c", "1", *options, runtime=runtime)

    found = describe(raised.value)
    assert found is not None
    assert found.exit_code == code
    assert runtime.sandboxes[0].closed.is_set()
