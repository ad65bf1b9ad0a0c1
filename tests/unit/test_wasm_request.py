"""What a process that runs modules is handed."""

import marshal
from pathlib import Path
from typing import Any

import pytest

from engine import Program
from policies import Limits, Policy
from runtimes.environments import Environment
from runtimes.jails import Handover
from runtimes.wasm._request import OWN_DESCRIPTORS, OWN_MEMORY_MIB, encode_module, encode_next

ENVIRONMENT = Environment(
    name="wasm",
    hash="0",
    root=Path("/root-folder"),
    packages=Path("/packages"),
    python="/opt/python/bin/python3",
    version="3.12.1",
    modules=frozenset(),
    env={},
    links={},
    preload=(),
    bytes=0,
)
POLICY = Policy(
    limits=Limits(memory_mib=100, open_files=20, wall_seconds=3), env={"A": "policy", "B": "policy"}
)
PROGRAM = Program(code=b"code", language="c", stdin=b"typed", args=("x",), env={"A": "program"})


def request(handover: Handover) -> dict[str, Any]:
    size = int.from_bytes(handover.control[:8], "big")
    found: dict[str, Any] = marshal.loads(handover.control[8 : 8 + size])
    return found


def of_session(*, is_known: bool = False, is_first: bool = True) -> Handover:
    return encode_next(
        ENVIRONMENT, PROGRAM, POLICY, False, cgroups=True, name="n", is_known=is_known, is_first=is_first
    )


def test_limits_of_a_module_leave_room_for_the_process_around_it() -> None:
    found = request(encode_module(ENVIRONMENT, PROGRAM, POLICY, False, cgroups=True))

    assert found["options"]["memory_bytes"] == (100 - OWN_MEMORY_MIB) << 20
    assert found["options"]["wall_seconds"] == 3
    assert found["limits"]["open_files"] == (20 + OWN_DESCRIPTORS,) * 2


def test_module_sees_the_variables_of_policy_and_program_alone() -> None:
    found = request(encode_module(ENVIRONMENT, PROGRAM, POLICY, False, cgroups=True))

    assert found["options"]["env"] == {"A": "program", "B": "policy"}


def test_module_of_its_own_process_has_its_input_by_a_pipe() -> None:
    handover = encode_module(ENVIRONMENT, PROGRAM, POLICY, False, cgroups=True)

    assert (handover.stdin, handover.is_one_of_many) == (b"typed", False)
    assert "stdin" not in request(handover)["options"]


def test_module_of_a_session_brings_its_input_along() -> None:
    handover = of_session()

    assert (handover.stdin, handover.is_one_of_many) == (b"", True)
    assert request(handover)["options"]["stdin"] == b"typed"


@pytest.mark.parametrize(("is_known", "code"), [(False, b"code"), (True, b"")])
def test_code_comes_once_in_a_session(is_known: bool, code: bytes) -> None:
    found = request(of_session(is_known=is_known))

    assert (found["options"]["name"], found["code"]) == ("n", code)


def test_all_may_go_ahead_of_limits_that_are_set_already() -> None:
    first, later = of_session(is_first=True), of_session(is_first=False)

    assert first.ahead < len(first.control)
    assert later.ahead == len(later.control)
