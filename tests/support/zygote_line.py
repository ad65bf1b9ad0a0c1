"""A zygote that takes its orders from a test instead of the warden."""

import os
import socket
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import count as count_up
from typing import override

import anyio

from engine import Program
from engine._host import open_host
from engine._process import GUEST_OOM_SCORE, Bounds, Child, Warden
from engine.warden.cgroup import Group
from engine.warden.forked import Answer, Box, Channel
from policies import Policy
from runtimes.guest.order import LAYOUT, MAGIC
from runtimes.jails._jail import GUEST_UID
from runtimes.jails._pipes import Pipes, make_pipes
from runtimes.jails._sandbox import receive_ready
from runtimes.jails._zygote import Zygote
from tests.support.jails import config
from tests.support.machine import PATIENCE_SECONDS, descriptors, until, wardens
from tests.support.zygotes import Family, ForkingRuntime, the_family

#: For the first user that an engine gives to its sandboxes.
_BOX = Box(disk_bytes=1 << 20, file_count=64, uid=GUEST_UID if os.geteuid() == 0 else 0)


def order(number: int, *, magic: bytes = MAGIC, groups: int = 0, into: int = 0, uid: int = _BOX.uid) -> bytes:
    return LAYOUT.pack(magic, groups, into, uid, _BOX.file_count, number, _BOX.disk_bytes)


class OpenWarden(Warden):
    """Starts zygotes that take orders from us."""

    channel: Channel

    @override
    def spawn(
        self,
        argv: Sequence[str],
        descriptors: Mapping[int, int],
        bounds: Bounds,
        *,
        oom_score: int = GUEST_OOM_SCORE,
        channel: int | None = None,
    ) -> Child:
        assert channel is not None, "only zygotes are started here"
        self.channel = Channel()
        theirs = self.channel.theirs
        with theirs:
            return super().spawn(argv, {**descriptors, channel: theirs.fileno()}, bounds, oom_score=oom_score)


class Line:
    """A zygote that listens to us."""

    def __init__(self, channel: Channel, family: Family) -> None:
        self._channel = channel
        self._number = 0
        self.family = family

    def next(self) -> int:
        """Return the number for an order that is not the repetition of another."""
        self._number += 1
        return self._number

    def send(self, message: bytes, descriptors: Sequence[int] = ()) -> None:
        socket.send_fds(self._channel._ours, [message], descriptors)

    def flood(self) -> int:
        """Send nonsense until nothing more fits on the way; return how often."""
        for sent in count_up():
            try:
                self.send(b"nonsense")
            except BlockingIOError:
                return sent
        raise AssertionError("the numbers have ended")

    async def answer(self) -> Answer:
        with anyio.fail_after(PATIENCE_SECONDS):
            await anyio.wait_readable(self._channel._ours)
        answer = self._channel.receive()
        assert answer is not None, "the zygote has ended"
        return answer

    def close(self) -> None:
        self._channel.close()

    def holdings(self) -> tuple[int, int, int]:
        """Return how much the maker and the zygote hold: descriptors, and processes."""
        _, maker, zygote = self.family
        processes = len(self.family.inits()) + len(self.family.programs())
        return len(descriptors(maker)), len(descriptors(zygote)), processes

    async def assert_serves(self) -> None:
        """Order a sandbox, see that it is ready, and give it up."""
        number = self.next()
        with streams() as (pipes, theirs):
            self._channel.order(number, _BOX, theirs, Group([], "none"))
            answer = await self.answer()
            assert (answer.number, answer.problem) == (number, 0)
            await anyio.wait_readable(pipes.control)
            assert b'"ready"' in ready_frame(pipes)
        answer.close()


def ready_frame(pipes: Pipes) -> bytes:
    frame, rights = receive_ready(pipes.control)
    for descriptor in rights:
        os.close(descriptor)
    return frame


@contextmanager
def streams() -> Iterator[tuple[Pipes, list[int]]]:
    """Make the descriptors of a sandbox; theirs are closed here when they have been sent or not."""
    pipes, guest = make_pipes(None, log=False)
    try:
        yield pipes, [guest.descriptors[number] for number in sorted(guest.descriptors)]
    finally:
        guest.close()
        pipes.close()


@contextmanager
def some_descriptors(count: int) -> Iterator[tuple[int, list[int]]]:
    """Make an end of a pipe that is readable when nobody holds any of `count` copies of the other one."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    copies = [os.dup(writer) for _ in range(count)]
    os.close(writer)
    try:
        yield reader, copies
    finally:
        for descriptor in (reader, *copies):
            os.close(descriptor)


async def written_until_closed(reader: int, ours: list[int]) -> bytes:
    """Close our copies and wait for all others to be closed; return what was written."""
    while ours:
        os.close(ours.pop())
    written = b""
    with anyio.fail_after(PATIENCE_SECONDS):
        while True:
            await anyio.wait_readable(reader)
            if not (data := os.read(reader, 4096)):
                return written
            written += data


@asynccontextmanager
async def open_line() -> AsyncGenerator[Line]:
    """Start a zygote that listens to us; leaving the block ends it by closing its socket."""
    async with open_host(config(fork=True), OpenWarden) as host:
        runtime = ForkingRuntime(host)
        await runtime.prepare()
        blueprint = runtime._blueprint(runtime.template(Program(code=""), Policy()))
        zygote = await Zygote.start(runtime._launcher, blueprint)
        assert isinstance(host.warden, OpenWarden)
        [warden] = wardens()
        line = Line(host.warden.channel, the_family(warden))
        yield line
        line.close()
        await until(line.family.is_gone, what="the jail ends when the warden is gone")
        await zygote.aclose()
        await runtime.aclose()
