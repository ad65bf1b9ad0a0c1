"""The first frame of a jail, and the descriptor that comes with it."""

import os
import socket

from runtimes.jails._sandbox import receive_ready


def frame(payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + payload


def test_end_that_comes_along_with_a_failure_does_not_hide_it() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(
            frame(b'{"kind":"failed","error":"no room"}') + frame(b'{"kind":"exit","wait_status":0}')
        )

        assert receive_ready(ours) == (b'{"kind":"failed","error":"no room"}', [])


def test_descriptor_comes_with_the_frame() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        socket.send_fds(theirs, [frame(b'{"kind":"ready"}')], [theirs.fileno()])

        payload, [descriptor] = receive_ready(ours)

    os.close(descriptor)
    assert payload == b'{"kind":"ready"}'


def test_jail_that_went_away_with_bytes_unread_is_no_error() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        ours.sendall(b"never read")
        theirs.close()

        assert receive_ready(ours) == (b"", [])
