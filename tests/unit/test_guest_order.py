"""Orders to a zygote: what the warden writes is what the jail reads, and nothing else is taken for one."""

import errno
import os
import socket
from collections.abc import Iterator
from itertools import count as count_up
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.warden.cgroup import Group, Tree
from engine.warden.forked import Box, Channel
from runtimes.guest.order import (
    ANSWER,
    LAYOUT,
    MAGIC,
    MAX_DESCRIPTORS,
    STREAMS,
    MalformedError,
    Order,
    expect_credentials,
    receive,
    send,
)

BOX = Box(disk_bytes=64 << 20, file_count=4096, uid=1007)
US = os.getpid()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The sender's socket and the receiver's."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.setblocking(False)
    expect_credentials(theirs)
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def channel() -> Iterator[Channel]:
    channel = Channel()
    channel.theirs.setblocking(False)
    expect_credentials(channel.theirs)
    with channel.theirs:
        yield channel
        channel.close()


@pytest.fixture
def null() -> Iterator[int]:
    descriptor = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    yield descriptor
    os.close(descriptor)


def held() -> int:
    """Return how many descriptors we hold."""
    return len(os.listdir("/proc/self/fd"))


def order(number: int = 1, *, magic: bytes = MAGIC, groups: int = 0, into: int = 0) -> bytes:
    return LAYOUT.pack(magic, groups, into, BOX.uid, BOX.file_count, number, BOX.disk_bytes)


def refused(
    sockets: tuple[socket.socket, socket.socket], *, sender: int = US, extra: int = 0
) -> MalformedError:
    """Receive what is no order; nothing of it may be kept."""
    with pytest.raises(MalformedError) as caught:
        receive(sockets[1], sender=sender, extra=extra)
    return caught.value


# What the warden sends


def test_order_of_the_warden_is_read_as_it_was_meant(channel: Channel, null: int) -> None:
    channel.order(7, BOX, [null] * STREAMS, Group([], "none"))

    read = receive(channel.theirs, sender=US)

    assert read is not None
    assert (read.number, read.disk_bytes, read.file_count, read.uid) == (7, *BOX)
    assert (len(read.streams), read.groups, read.cgroup, read.extra) == (STREAMS, [], None, [])
    read.close()


@pytest.mark.parametrize("versions", [(1,), (1, 1), (2,), (2, 1), (2, 1, 1)])
def test_doors_to_control_groups_come_with_the_order(
    channel: Channel, null: int, versions: tuple[int, ...], tmp_path: Path
) -> None:
    trees = [Tree(f"{tmp_path}/{index}", version, frozenset()) for index, version in enumerate(versions)]
    for tree in trees:
        os.makedirs(f"{tree.parent}/run")
        Path(f"{tree.parent}/run/tasks").touch()

    channel.order(1, BOX, [null] * STREAMS, Group(trees, "run"))
    read = receive(channel.theirs, sender=US)

    assert read is not None
    read.join_groups()
    joined = [Path(f"{tree.parent}/run/tasks").read_text("ascii") for tree in trees]
    assert joined == ["0" if version == 1 else "" for version in versions]
    assert (read.cgroup is not None) is (2 in versions)
    read.close()


def test_what_the_maker_adds_is_read_by_the_zygote(
    pair: tuple[socket.socket, socket.socket], null: int
) -> None:
    before = held()
    send(pair[0], order(groups=2, into=1), [null] * (STREAMS + 3 + 2))

    read = receive(pair[1], sender=US, extra=2)

    assert read is not None
    assert [len(part) for part in (read.streams, read.groups, read.extra)] == [STREAMS, 2, 2]
    assert len({*read.streams, *read.groups, read.cgroup, *read.extra}) == STREAMS + 3 + 2
    read.close()
    assert held() == before


# What is no order


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"I",
        order()[:-1],
        order() + b"\0",
        order() * 100,
        order(magic=b"ISO2"),
        bytes(LAYOUT.size),
        b"\xff" * LAYOUT.size,
    ],
    ids=["empty", "byte", "short", "long", "oversized", "version", "zeros", "ones"],
)
@pytest.mark.parametrize("count", [0, STREAMS, MAX_DESCRIPTORS, MAX_DESCRIPTORS + 1, 100])
def test_message_of_another_form_is_refused_and_its_descriptors_are_closed(
    pair: tuple[socket.socket, socket.socket], null: int, message: bytes, count: int
) -> None:
    before = held()
    send(pair[0], message, [null] * count)

    assert refused(pair).number == 0
    assert held() == before


@pytest.mark.parametrize(
    ("groups", "into", "extra", "count"),
    [
        (0, 0, 0, 4),
        (0, 0, 0, 6),
        (1, 0, 0, 5),
        (0, 1, 0, 5),
        (0, 2, 0, 7),
        (0, 0, 2, 6),
        (0, 0, 2, 8),
        (9, 0, 0, 5),
    ],
)
def test_order_with_other_descriptors_than_it_says_is_refused_by_its_number(
    pair: tuple[socket.socket, socket.socket], null: int, groups: int, into: int, extra: int, count: int
) -> None:
    before = held()
    send(pair[0], order(12, groups=groups, into=into), [null] * count)

    assert refused(pair, extra=extra).number == 12
    assert held() == before


@pytest.mark.parametrize(("count", "taken"), [(MAX_DESCRIPTORS, True), (MAX_DESCRIPTORS + 1, False)])
def test_as_many_descriptors_as_there_is_room_for_are_taken(
    pair: tuple[socket.socket, socket.socket], null: int, count: int, taken: bool
) -> None:
    before = held()
    send(pair[0], order(groups=count - STREAMS), [null] * count)

    if taken:
        read = receive(pair[1], sender=US)
        assert read is not None
        read.close()
    else:
        assert "too long" in str(refused(pair))
    assert held() == before


def test_order_of_another_process_is_refused(pair: tuple[socket.socket, socket.socket], null: int) -> None:
    before = held()
    send(pair[0], order(), [null] * STREAMS)

    assert str(US) in str(refused(pair, sender=US + 1))
    assert held() == before


def test_closed_socket_is_the_end_and_an_empty_message_is_not(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    send(pair[0], b"", [])
    refused(pair)
    pair[0].close()

    assert receive(pair[1], sender=US) is None


def test_order_is_received_with_descriptors_that_no_program_inherits(
    pair: tuple[socket.socket, socket.socket], null: int
) -> None:
    send(pair[0], order(), [null] * STREAMS)

    read = receive(pair[1], sender=US)

    assert read is not None
    assert not any(map(os.get_inheritable, read.descriptors))
    read.close()


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(message=st.binary(max_size=80) | st.binary(max_size=40).map(MAGIC.__add__), count=st.integers(0, 20))
def test_any_message_is_an_order_or_refused_and_leaks_nothing(message: bytes, count: int) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        expect_credentials(theirs)
        before = held()
        send(ours, message, [ours.fileno()] * count)
        try:
            read = receive(theirs, sender=US)
        except MalformedError:
            read = None
        if isinstance(read, Order):
            read.close()
        assert held() == before


# What comes back


@pytest.mark.parametrize(
    ("message", "count"),
    [
        (b"nonsense", 0),
        (b"", 0),
        (ANSWER.pack(MAGIC, 0, 1) + b"\0", 1),
        (ANSWER.pack(MAGIC, 0, 1)[:-1], 1),
        (ANSWER.pack(b"ISO2", 0, 1), 1),
        (ANSWER.pack(MAGIC, 0, 1), 1),
        (ANSWER.pack(MAGIC, 0, 1), 3),
    ],
)
def test_warden_takes_a_zygote_that_talks_nonsense_for_ended(
    channel: Channel, null: int, message: bytes, count: int
) -> None:
    before = held()
    send(channel.theirs, message, [null] * count)

    assert channel.receive() is None
    assert held() == before


def test_answer_comes_with_a_process_or_a_reason(channel: Channel, null: int) -> None:
    send(channel.theirs, ANSWER.pack(MAGIC, 0, 5), [null, null])
    send(channel.theirs, ANSWER.pack(MAGIC, errno.EAGAIN, 6), [])
    send(channel.theirs, ANSWER.pack(MAGIC, 0, 7), [])

    good, bad, empty = (channel.receive() for _ in range(3))

    assert good is not None
    assert bad is not None
    assert empty is not None
    assert (good.number, good.problem) == (5, 0)
    assert (bad.number, bad.problem, bad.init) == (6, errno.EAGAIN, -1)
    assert (empty.number, empty.problem) == (7, errno.EBADMSG)
    good.close()


def test_zygote_that_died_with_orders_unread_is_ended_for_the_warden(channel: Channel, null: int) -> None:
    channel.order(1, BOX, [null] * STREAMS, Group([], "none"))
    channel.theirs.close()

    assert channel.receive() is None
    with pytest.raises(OSError, match=r"pipe|reset"):
        channel.order(2, BOX, [null] * STREAMS, Group([], "none"))


def test_zygote_that_reads_nothing_does_not_make_the_warden_wait(channel: Channel, null: int) -> None:
    def order_for_ever() -> None:
        for number in count_up():
            channel.order(number, BOX, [null] * STREAMS, Group([], "none"))

    # Of the socket's buffer and the descriptors that may be on their way, either can be full first.
    with pytest.raises(OSError, match=r"temporarily unavailable|Too many references"):
        order_for_ever()
