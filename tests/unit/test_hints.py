"""Advice about results: only where there is some, and never words of the program's own choice."""

from pathlib import Path

import pytest

from engine import ErrorInfo, IsolationInfo, Reason, Result, Status
from runtimes.environments import Environment
from runtimes.nsjail._hints import hint_for


def environment(name: str, *modules: str) -> Environment:
    return Environment(
        name=name,
        hash=name,
        root=Path("/root-folder"),
        packages=None,
        python="/opt/python/bin/python3",
        version="3.12.1",
        modules=frozenset(modules),
        env={},
        links={},
        preload=(),
        bytes=0,
    )


BASE = {"base": environment("base", "json")}
DATA = BASE | {"data": environment("data", "json", "pandas")}


def result(status: Status, reason: Reason, module: str | None = None) -> Result:
    error = None if module is None else ErrorInfo(type="ModuleNotFoundError", module=module)
    isolation = IsolationInfo(runtime="nsjail", environment="base")
    return Result(status=status, reason=reason, error=error, isolation=isolation)


def hint_about(module: str, environments: dict[str, Environment]) -> str | None:
    return hint_for(result(Status.ERROR, Reason.EXIT_NONZERO, module), environments)


@pytest.mark.parametrize(
    ("status", "reason", "key"),
    [
        (Status.MEMORY, Reason.MEMORY_LIMIT, "limits.memory-mib"),
        (Status.OUTPUT, Reason.OUTPUT_LIMIT, "limits.output-kib"),
        (Status.PIDS, Reason.PIDS_LIMIT, "limits.pids"),
        (Status.TIMEOUT, Reason.WALL_LIMIT, "limits.wall-seconds"),
        (Status.TIMEOUT, Reason.CPU_LIMIT, "limits.cpu-seconds"),
        (Status.DISK, Reason.DISK_BYTES, "limits.disk-mib"),
        (Status.DISK, Reason.DISK_FILES, "limits.file-count"),
        (Status.DISK, Reason.FILE_SIZE, "limits.disk-mib"),
    ],
)
def test_limit_that_was_met_is_named_by_its_key(status: Status, reason: Reason, key: str) -> None:
    hint = hint_for(result(status, reason), BASE)

    assert hint is not None
    assert f"`{key}`" in hint


def test_denied_system_call_is_explained() -> None:
    assert "system call" in (hint_for(result(Status.DENIED, Reason.SYSTEM_CALL), BASE) or "")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (Status.OK, Reason.EXIT_ZERO),
        (Status.ERROR, Reason.EXIT_NONZERO),
        (Status.CRASHED, Reason.SIGNAL),
        (Status.CRASHED, Reason.SUPERVISOR_DIED),
        (Status.CANCELLED, Reason.CANCELLED),
    ],
)
def test_without_advice_there_is_no_hint(status: Status, reason: Reason) -> None:
    assert hint_for(result(status, reason), BASE) is None


@pytest.mark.parametrize("module", ["pandas", "pandas.core.frame"])
def test_missing_module_is_found_in_another_environment(module: str) -> None:
    hint = hint_about(module, DATA)

    assert hint == "module `pandas` is in environment `data`: use `--env-name data`"


def test_missing_module_that_nobody_has_leads_to_making_an_environment() -> None:
    hint = hint_about("somewhere", DATA) or ""

    assert "no environment here has module `somewhere` (used: `base`)" in hint
    assert "isorun env add" in hint
    assert "isorun setup data" not in hint


def test_data_environment_is_offered_where_it_is_not_set_up() -> None:
    assert "`isorun setup data`" in (hint_about("pandas", BASE) or "")


@pytest.mark.parametrize(
    "name", ["", "a b", "x`; rm -rf ~; `", "\x1b[31m", "9lives", "m" * 65, "naïve", "x\n"]
)
def test_name_that_is_no_module_is_not_repeated(name: str) -> None:
    assert hint_about(name, DATA) is None
