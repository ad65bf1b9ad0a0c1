"""The zygotes that the warden can order forks from, and the orders that they have not answered."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from engine.warden.cgroup import Group
from engine.warden.forked import Answer, Box, Channel, Forked
from engine.warden.ward import Ward
from engine.warden.watcher import Watcher


class _Order(NamedTuple):
    ward: Ward
    process: Forked
    zygote: int


class Zygotes:
    """Sockets to zygotes, by the number of the zygote's own ward.

    Args:
        watcher: Tells when an answer has come.
        arrived: Called with a ward whose process is there.
    """

    def __init__(self, watcher: Watcher, arrived: Callable[[Ward], None]) -> None:
        self._watcher = watcher
        self._arrived = arrived
        self._channels: dict[int, Channel] = {}
        self._orders: dict[int, _Order] = {}

    def open(self, number: int, channel: Channel) -> None:
        """Take orders for a zygote that has been started with the other end of `channel`."""
        channel.theirs.close()
        self._channels[number] = channel
        self._watcher.watch(channel.fileno(), partial(self._answer, number))

    def close(self, number: int) -> None:
        """Take no more orders for it; those that it has not answered never will be. Idempotent."""
        channel = self._channels.pop(number, None)
        if channel is None:
            return
        self._watcher.forget(channel.fileno())
        channel.close()
        for order in [order for order in self._orders.values() if order.zygote == number]:
            self._refuse(order, "the zygote has ended")

    def close_all(self) -> None:
        """End every zygote's jail."""
        for number in list(self._channels):
            self.close(number)

    def fork(self, number: int, zygote: Ward | None, box: Box, streams: list[int], group: Group) -> Ward:
        """Order a process; the ward is there before it.

        Args:
            number: The engine's name for the process, larger than all before.
            zygote: The zygote's ward; None if that has ended.
            box: What the zygote has to know.
            streams: stdin, stdout, stderr, control, report.
            group: Made and limited; left to the caller when this fails.

        Raises:
            OSError: The zygote is gone, or far behind.
        """
        channel = None if zygote is None else self._channels.get(zygote.number)
        if zygote is None or channel is None:
            raise ProcessLookupError("the zygote has ended")
        channel.order(number, box, streams, group)
        process = Forked()
        ward = Ward(number, group, process, zygote)
        self._orders[number] = _Order(ward, process, zygote.number)
        return ward

    def _answer(self, zygote: int) -> None:
        answer = self._channels[zygote].receive()
        if answer is None:
            self.close(zygote)
            return
        order = self._orders.get(answer.number)
        if order is None or order.zygote != zygote:
            answer.close()
        elif answer.problem:
            self._refuse(order, answer.reason)
        else:
            self._take(order, answer)

    def _take(self, order: _Order, answer: Answer) -> None:
        del self._orders[answer.number]
        order.process.take(answer)
        if order.ward.is_killed:
            order.process.kill()
        self._arrived(order.ward)

    def _refuse(self, order: _Order, reason: str) -> None:
        del self._orders[order.ward.number]
        order.ward.refuse(reason)
