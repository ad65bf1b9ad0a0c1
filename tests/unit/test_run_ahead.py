"""What goes to a process ahead of its limits: no code, as much as fits, and the rest is not lost."""

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from policies import Policy
from runtimes.jails import Handover
from runtimes.jails._pipes import Pipes
from runtimes.jails._run import Run


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        yield ours, theirs


def sent_ahead(control: socket.socket, handover: Handover) -> Handover:
    pipes: Any = SimpleNamespace(control=control)
    nobody: Any = None
    run = Run(nobody, pipes, nobody, Policy(), 0, None)
    try:
        return run._send_ahead(handover)
    finally:
        run._pump.close()


def test_what_may_go_ahead_goes_and_the_rest_is_left(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends

    left = sent_ahead(ours, Handover(b"headbody", b"", ahead=4))

    assert (theirs.recv(100), left.control, left.ahead) == (b"head", b"body", 0)


def test_what_does_not_fit_is_left(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = ends
    control = bytes(range(256)) * (1 << 14)

    left = sent_ahead(ours, Handover(control, b"", ahead=len(control)))

    assert 0 < len(left.control) < len(control)
    assert control.endswith(left.control)


def test_nothing_is_lost_where_nothing_fits(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = ends
    with suppress(BlockingIOError):
        while ours.send(b"x" * 4096):
            pass

    left = sent_ahead(ours, Handover(b"headbody", b"", ahead=8))

    assert left.control == b"headbody"


def test_reader_that_has_gone_is_no_failure(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.close()

    assert sent_ahead(ours, Handover(b"headbody", b"", ahead=8)).control == b"headbody"


class SlowChild:
    """A process whose warden takes its time to set the limits."""

    def __init__(self) -> None:
        self.limits_hold = anyio.Event()

    async def arm(self, _: object, **clocks: float) -> None:
        await self.limits_hold.wait()

    def notify(self, listener: object) -> None:
        return


async def test_no_code_is_there_before_the_limits_hold(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    child: Any = SlowChild()
    nobody: Any = None
    silent = [os.pipe() for _ in range(3)]
    stdout, stderr, report = (reader for reader, _ in silent)
    pipes = Pipes(stdin=-1, stdout=stdout, stderr=stderr, report=report, log=-1, control=ours)
    run = Run(child, pipes, nobody, Policy(), 0, None)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run.finish, Handover(b"headcode", b"", ahead=4))
        await anyio.wait_all_tasks_blocked()
        before = theirs.recv(100)
        child.limits_hold.set()
        await anyio.wait_readable(theirs)
        after = theirs.recv(100)
        tasks.cancel_scope.cancel()
    for descriptors in silent:
        for descriptor in descriptors:
            os.close(descriptor)

    assert (before, after) == (b"head", b"code")


async def test_run_that_is_cancelled_before_the_limits_hold_leaves_nothing(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, _ = ends
    child: Any = SlowChild()
    nobody: Any = None
    pipes: Any = SimpleNamespace(control=ours)
    before = os.listdir("/proc/self/fd")
    run = Run(child, pipes, nobody, Policy(), 0, None)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run.finish, Handover(b"headcode", b"", ahead=4))
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()

    assert os.listdir("/proc/self/fd") == before
