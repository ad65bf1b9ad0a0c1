"""Every status and every reason that a jail's records lead to."""

import signal

import msgspec
import pytest

from engine import Reason, Status
from engine._process import Ended
from engine._protocol import Trap
from runtimes._verdict import _TRAPS, TRAPPED, Space, Verdict, verdict

ENDED = Ended(
    number=1,
    wait_status=0,
    killed=None,
    failure="",
    cpu_seconds=0.1,
    peak_bytes=1 << 20,
    oom_kills=0,
    pids_refused=0,
    quarantined=False,
)
ROOM = Space(free_bytes=4096, free_files=1)


def ended(**changes: object) -> Ended:
    return msgspec.structs.replace(ENDED, **changes)


def exited(code: int) -> int:
    return code << 8


@pytest.mark.parametrize(
    ("killed", "status", "reason"),
    [
        ("wall", Status.TIMEOUT, Reason.WALL_LIMIT),
        ("cpu", Status.TIMEOUT, Reason.CPU_LIMIT),
        ("output", Status.OUTPUT, Reason.OUTPUT_LIMIT),
        ("cancelled", Status.CANCELLED, Reason.CANCELLED),
        ("closed", Status.CANCELLED, Reason.CANCELLED),
    ],
)
@pytest.mark.parametrize("wait_status", [None, 0, exited(1), signal.SIGKILL])
def test_kill_by_the_warden_decides_whatever_the_program_did(
    killed: str, status: Status, reason: Reason, wait_status: int | None
) -> None:
    end = verdict(ended(killed=killed, oom_kills=1, pids_refused=1), wait_status, Space(0, 0))

    assert end == Verdict(status, reason)


@pytest.mark.parametrize("wait_status", [None, 0, exited(1), signal.SIGKILL])
def test_too_much_output_is_said_although_the_program_ended_before_the_kill(wait_status: int | None) -> None:
    end = verdict(ended(oom_kills=1), wait_status, Space(0, 0), overflowed=True)

    assert end == Verdict(Status.OUTPUT, Reason.OUTPUT_LIMIT)


def test_limit_that_the_warden_killed_for_comes_before_output_found_later() -> None:
    end = verdict(ended(killed="wall"), None, ROOM, overflowed=True)

    assert end == Verdict(Status.TIMEOUT, Reason.WALL_LIMIT)


@pytest.mark.parametrize(
    ("wait_status", "code", "name"),
    [(None, None, None), (signal.SIGKILL, None, "SIGKILL"), (exited(1), 1, None), (exited(0), 0, None)],
)
def test_kill_for_memory_is_said_however_the_program_ended(
    wait_status: int | None, code: int | None, name: str | None
) -> None:
    end = verdict(ended(oom_kills=1), wait_status, ROOM)

    assert end == Verdict(Status.MEMORY, Reason.MEMORY_LIMIT, code, name)


def test_silence_of_the_supervisor_is_a_crash() -> None:
    end = verdict(ENDED, None, Space(0, 0))

    assert end == Verdict(Status.CRASHED, Reason.SUPERVISOR_DIED)


@pytest.mark.parametrize(
    ("number", "status", "reason"),
    [
        (signal.SIGSYS, Status.DENIED, Reason.SYSTEM_CALL),
        (signal.SIGXCPU, Status.TIMEOUT, Reason.CPU_LIMIT),
        (signal.SIGXFSZ, Status.DISK, Reason.FILE_SIZE),
        (signal.SIGSEGV, Status.CRASHED, Reason.SIGNAL),
        (signal.SIGKILL, Status.CRASHED, Reason.SIGNAL),
        (signal.SIGTERM, Status.CRASHED, Reason.SIGNAL),
    ],
)
@pytest.mark.parametrize("core", [0, 0x80])
def test_signal_is_named_and_judged(
    number: signal.Signals, status: Status, reason: Reason, core: int
) -> None:
    end = verdict(ended(pids_refused=3), number | core, Space(0, 0))

    assert end == Verdict(status, reason, signal=number.name)


def test_signal_without_a_name_gets_its_number() -> None:
    end = verdict(ENDED, 40, ROOM)

    assert end == Verdict(Status.CRASHED, Reason.SIGNAL, signal="SIG40")


def test_exit_with_zero_is_ok_whatever_limit_was_met() -> None:
    end = verdict(ended(pids_refused=1), exited(0), Space(0, 0))

    assert end == Verdict(Status.OK, Reason.EXIT_ZERO, 0)


@pytest.mark.parametrize(
    ("refused", "space", "status", "reason"),
    [
        (0, ROOM, Status.ERROR, Reason.EXIT_NONZERO),
        (1, ROOM, Status.PIDS, Reason.PIDS_LIMIT),
        (1, Space(0, 0), Status.PIDS, Reason.PIDS_LIMIT),
        (0, Space(0, 1), Status.DISK, Reason.DISK_BYTES),
        (0, Space(0, 0), Status.DISK, Reason.DISK_BYTES),
        (0, Space(1, 0), Status.DISK, Reason.DISK_FILES),
        (0, Space(1, 1), Status.ERROR, Reason.EXIT_NONZERO),
    ],
)
@pytest.mark.parametrize("code", [1, 2, 255])
def test_failure_is_explained_by_the_limit_that_was_met(
    refused: int, space: Space, status: Status, reason: Reason, code: int
) -> None:
    end = verdict(ended(pids_refused=refused), exited(code), space)

    assert end == Verdict(status, reason, code)


def test_kill_that_no_rule_knows_falls_back_to_the_wait_status() -> None:
    """`protocol` and `engine` raise or have no reader; they never become a status of their own."""
    end = verdict(ended(killed="protocol"), None, ROOM)

    assert end == Verdict(Status.CRASHED, Reason.SUPERVISOR_DIED)


@pytest.mark.parametrize(
    ("trap", "status", "reason"),
    [
        ("unreachable", Status.CRASHED, Reason.UNREACHABLE),
        ("stack-overflow", Status.CRASHED, Reason.STACK_OVERFLOW),
        ("out-of-bounds", Status.CRASHED, Reason.OUT_OF_BOUNDS),
        ("division-by-zero", Status.CRASHED, Reason.DIVISION_BY_ZERO),
        ("integer-overflow", Status.CRASHED, Reason.INTEGER_OVERFLOW),
        ("bad-call", Status.CRASHED, Reason.BAD_CALL),
        ("memory-limit", Status.MEMORY, Reason.MEMORY_LIMIT),
        (None, Status.ERROR, Reason.EXIT_NONZERO),
    ],
)
def test_trap_says_why_a_module_failed(trap: Trap | None, status: Status, reason: Reason) -> None:
    assert verdict(ENDED, exited(TRAPPED), ROOM, trap=trap) == Verdict(status, reason, TRAPPED)


@pytest.mark.parametrize("trap", _TRAPS)
def test_trap_alone_makes_no_failure_and_hides_no_limit(trap: Trap) -> None:
    assert verdict(ENDED, exited(0), ROOM, trap=trap).status is Status.OK
    assert verdict(ENDED, exited(1), ROOM, trap=trap).reason is Reason.EXIT_NONZERO
    assert verdict(ENDED, signal.SIGSEGV, ROOM, trap=trap).reason is Reason.SIGNAL
    assert verdict(ENDED, exited(TRAPPED), Space(0, 1), trap=trap).reason is Reason.DISK_BYTES
    assert verdict(ended(oom_kills=1), exited(TRAPPED), ROOM, trap=trap).reason is Reason.MEMORY_LIMIT


def test_every_reason_but_those_of_compilers_has_a_way_to_it() -> None:
    reached = {
        verdict(ended(killed=killed, oom_kills=kills, pids_refused=refused), status, space, trap=trap).reason
        for killed in (None, "wall", "cpu", "output", "cancelled")
        for kills in (0, 1)
        for refused in (0, 1)
        for status in (None, 0, exited(1), exited(TRAPPED), *(int(number) for number in signal.Signals))
        for space in (ROOM, Space(0, 1), Space(1, 0))
        for trap in (None, *_TRAPS)
    }

    assert reached == set(Reason) - {Reason.COMPILE_FAILED}
