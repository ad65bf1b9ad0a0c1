"""What is handed to a waiting guest."""

import marshal
from pathlib import Path
from typing import Any

import pytest

from engine import File, Limits, Policy, Program
from runtimes.environments import Environment
from runtimes.jails._request import EXEC_PIDS, bounds_of, encode_request
from runtimes.nsjail._languages import Language

ENVIRONMENT = Environment(
    name="data",
    hash="0",
    root=Path("/root-folder"),
    packages=Path("/packages"),
    python="/opt/python/bin/python3",
    version="3.12.1",
    modules=frozenset(),
    env={"MPLBACKEND": "agg", "HOME": "/environment"},
    links={"/box/link": "/opt/file"},
    preload=(),
    bytes=0,
)
PYTHON = Language(None, ".py")


def decoded(
    program: Program, policy: Policy | None = None, *, language: Language = PYTHON, cgroups: bool = True
) -> tuple[dict[str, Any], bytes]:
    data = encode_request(
        program,
        policy or Policy(),
        environment=ENVIRONMENT,
        command=language.command,
        suffix=language.suffix,
        live=False,
        cgroups=cgroups,
    ).control
    size = int.from_bytes(data[:8], "big")
    return marshal.loads(data[8 : 8 + size]), data[8 + size :]


def test_program_is_encoded_as_it_is() -> None:
    request, rest = decoded(Program(code="print('ü')", args=("a", "")))

    assert (request["code"], request["args"], rest) == ("print('ü')".encode(), ["a", ""], b"")
    assert (request["command"], request["suffix"], request["live"]) == (None, ".py", False)
    assert (request["links"], request["packages"]) == ([("/box/link", "/opt/file")], "/opt/packages")


def test_bytes_of_code_are_not_decoded() -> None:
    request, _ = decoded(Program(code=b"\xff\x00"), language=Language(("/bin/sh", "-e"), ".sh"))

    assert (request["code"], request["command"]) == (b"\xff\x00", ["/bin/sh", "-e"])


def test_files_follow_in_order_with_mode_and_size() -> None:
    files = (
        File(name="b", data=b"22"),
        File(name="a/x", data=b"", read_only=True),
        File(name="c", data=b"333"),
    )

    request, rest = decoded(Program(code="", files=files))

    assert request["files"] == [("b", 0o600, 2), ("a/x", 0o400, 0), ("c", 0o600, 3)]
    assert rest == b"22333"


def test_variables_of_the_program_come_last_and_the_hosts_never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "1")
    policy = Policy(env={"HOME": "/policy", "ONE": "policy"})

    request, _ = decoded(Program(code="", env={"ONE": "program"}), policy)

    assert (request["env"]["HOME"], request["env"]["ONE"]) == ("/policy", "program")
    assert request["env"]["MPLBACKEND"] == "agg"
    assert "SECRET_OF_THE_HOST" not in request["env"]


@pytest.mark.parametrize(("seconds", "cpu"), [(2.0, 2), (2.1, 3)])
def test_limits_with_cgroups_leave_the_decision_to_the_warden(seconds: float, cpu: int) -> None:
    request, _ = decoded(Program(code=""), Policy(limits=Limits(cpu_seconds=seconds)))

    assert request["limits"]["cpu_seconds"] == (cpu + 1, cpu + 1)
    assert request["limits"]["address_bytes"] is None


def test_limits_without_cgroups_bind_the_process_and_say_which_one_was_met() -> None:
    request, _ = decoded(Program(code=""), Policy(limits=Limits(cpu_seconds=2, memory_mib=64)), cgroups=False)

    # SIGXCPU comes at the soft limit; equal limits would give SIGKILL.
    assert request["limits"]["cpu_seconds"] == (2, 3)
    assert request["limits"]["address_bytes"] == (64 << 20, 64 << 20)


def test_other_limits_are_hard() -> None:
    request, _ = decoded(Program(code=""), Policy(limits=Limits(disk_mib=2, open_files=20, pids=3)))

    limits = request["limits"]
    assert limits["file_bytes"] == (2 << 20, 2 << 20)
    assert limits["open_files"] == (20, 20)
    assert limits["processes"] == (3 + EXEC_PIDS, 3 + EXEC_PIDS)


def test_bounds_leave_room_for_the_supervisor() -> None:
    bounds = bounds_of(Policy(limits=Limits(memory_mib=64, pids=3)), EXEC_PIDS)

    assert bounds == (64 << 20, 3 + EXEC_PIDS)


def test_nothing_of_the_program_goes_ahead_of_its_limits() -> None:
    program = Program(code="secret", args=("secret",), env={"S": "secret"}, stdin=b"in")

    handover = encode_request(
        program, Policy(), environment=ENVIRONMENT, command=None, suffix=".py", live=False, cgroups=True
    )

    assert handover.stdin == b"in"
    assert int.from_bytes(handover.control[: handover.ahead], "big") == len(handover.control) - handover.ahead
