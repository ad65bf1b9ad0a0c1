"""Serve an engine to the processes of its user, over a unix socket.

Each client has a connection of its own, and on it either one command line (`_channel.py`) or any number of
requests (`_conversation.py`). A client can be slow, silent or wrong: it has deadlines and bounds, and harms
itself alone. When it has gone, what it has begun is ended.
"""

import logging
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import anyio

from engine._caller import Caller
from engine._engine import Engine
from engine._peers import Peer, accepted, is_outside, peer_of

from ._channel import Channel, CommandHandler
from ._conversation import Conversation
from ._frames import COMMAND, EXIT, MAX_FROM_CLIENT, OWN, REQUEST, Connection, FrameError, encode
from ._served import Activity, Limits, Served

__all__ = ["Activity", "Channel", "CommandHandler", "Limits", "serve"]

#: Whoever writes to a terminal or a pager may be made to wait by a person; bounded, because it takes a place.
READER_SECONDS = 3600.0
#: The answer to a command that failed for a reason that is not the client's.
_HOST_FAILURE = 4

_log = logging.getLogger("isorun.background")


async def serve(
    listener: socket.socket,
    engine: Engine,
    *,
    command: CommandHandler | None = None,
    on_shutdown: Callable[[], None] | None = None,
    activity: Activity | None = None,
    limits: Limits | None = None,
) -> None:
    """Serve clients until cancelled, and end then what they have begun.

    Args:
        listener: See `listening`.
        engine: An open engine.
        command: Carries out command lines; without it they are refused.
        on_shutdown: Called when a client asks for the end; without it none is heard.
        activity: Counts what goes on.
        limits: What clients may take.
    """
    served = Served(engine, limits or Limits(), activity or Activity(), on_shutdown)
    await _Service(served, command).accept(listener)


class _Service:
    """All clients of one socket."""

    def __init__(self, served: Served, command: CommandHandler | None) -> None:
        self._served = served
        self._command = command
        self._clients = 0

    async def accept(self, listener: socket.socket) -> None:
        async with anyio.create_task_group() as tasks:
            while True:
                connection = await accepted(listener, _log)
                if self._clients >= self._served.limits.clients:
                    _refuse(connection, f"the background engine serves {self._clients} clients already")
                    continue
                self._clients += 1
                tasks.start_soon(self._attend, connection)

    async def _attend(self, connection: socket.socket) -> None:
        """Serve one client; whatever it does, nothing is raised."""
        try:
            with connection:
                peer = peer_of(connection)
                problem = _problem(peer)
                if problem:
                    _refuse(connection, problem)
                else:
                    await self._serve(connection, peer)
        except FrameError as error:
            _log.info("a client was given up: %s", error)
        except Exception:  # nothing that a client brings about may end the engine
            _log.exception("a client was not served")
        finally:
            self._clients -= 1

    async def _serve(self, connection: socket.socket, peer: Peer) -> None:
        limits = self._served.limits
        async with Connection(connection, accepts=MAX_FROM_CLIENT, bounds=limits.bounds) as client:
            first = await client.receive(within=limits.first_seconds)
            if first is None:
                return
            if first.kind == COMMAND:
                await self._carry_out(first.payload, client, peer)
            elif first.kind == REQUEST:
                await Conversation(self._served, client, peer).hold(first)
            else:
                raise FrameError(f"a frame {first.kind!r} to begin with")

    async def _carry_out(self, line: bytes, client: Connection, peer: Peer) -> None:
        client.bear(READER_SECONDS)
        if self._command is None:
            client.send(OWN, b"0the background engine carries out no commands")
        else:
            with self._served.activity.ongoing():
                channel = Channel(client, Caller(name=f"session {_session_of(peer)}"))
                await _until_stopped(partial(self._command, line, channel), channel)
        await client.flush()


async def _until_stopped(carry_out: Callable[[], Awaitable[None]], channel: Channel) -> None:
    """Let a command be carried out until its client stops it, or goes."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_watch, channel, tasks.cancel_scope)
        try:
            await carry_out()
        except Exception:  # the edge of the command: the client has to be told that it is over
            _log.exception("a command failed")
        tasks.cancel_scope.cancel()
    if not channel.is_answered:
        channel.send(EXIT, b"%d" % (128 + channel.stopped_by if channel.stopped_by else _HOST_FAILURE))


async def _watch(channel: Channel, scope: anyio.CancelScope) -> None:
    try:
        await channel.watch()
    except FrameError as error:
        _log.info("a client was given up: %s", error)
    scope.cancel()


def _problem(peer: Peer) -> str:
    """Say why a peer is not served; empty if it is."""
    if peer.uid != os.geteuid():
        return "the background engine serves its own user alone"
    if not is_outside(peer):
        return "the background engine serves no other user namespace"
    return ""


def _refuse(connection: socket.socket, reason: str) -> None:
    """Tell a peer that it is not served: as much as it takes without waiting, then it is let go."""
    with connection, suppress(OSError):
        connection.setblocking(False)
        connection.send(encode(OWN, f"0{reason}".encode()))


def _session_of(peer: Peer) -> int:
    """Return the login session of a process, or the process if it has gone."""
    try:
        return os.getsid(peer.pid)
    except ProcessLookupError:
        return peer.pid
