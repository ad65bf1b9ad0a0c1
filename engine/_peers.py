"""Who is at the other end of a unix socket, as the kernel says."""

import os
import socket
import struct
from typing import NamedTuple

#: As from SO_PEERCRED.
_CREDENTIALS = struct.Struct("3i")


class Peer(NamedTuple):
    """The process that has connected, and its user."""

    pid: int
    uid: int
    gid: int


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
