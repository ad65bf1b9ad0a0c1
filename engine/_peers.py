"""Who connects to a unix socket of ours, as the kernel says."""

import logging
import os
import socket
import struct
from typing import NamedTuple

import anyio

#: As from SO_PEERCRED.
_CREDENTIALS = struct.Struct("3i")
#: Until the next try when a connection cannot be accepted, for example for lack of descriptors.
_ACCEPT_AGAIN_SECONDS = 1.0


class Peer(NamedTuple):
    """The process that has connected, and its user."""

    pid: int
    uid: int
    gid: int


async def accepted(listener: socket.socket, log: logging.Logger) -> socket.socket:
    """Wait for the next connection; what is in the way of one is logged, and does not last."""
    while True:
        await anyio.wait_readable(listener)
        try:
            return listener.accept()[0]
        except (BlockingIOError, ConnectionAbortedError):
            continue  # the peer has gone again
        except OSError as error:
            log.warning("a connection cannot be accepted: %s", error.strerror)
            await anyio.sleep(_ACCEPT_AGAIN_SECONDS)


def peer_of(connection: socket.socket) -> Peer:
    """Return who has connected."""
    return Peer._make(
        _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    )


def is_outside(peer: Peer) -> bool:
    """Whether a peer is no program in a jail, which sees our folder if its policy mounts that.

    Each jail has a user namespace of its own; what cannot be looked at is taken for a jail.
    """
    try:
        return os.path.samefile(f"/proc/{peer.pid}/ns/user", "/proc/self/ns/user")
    except OSError:
        return False
