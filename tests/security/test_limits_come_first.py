"""Sandboxes wait with the limits of another run. A program is never there before its own."""

import threading
from collections.abc import Mapping, Sequence
from typing import override

import pytest

from engine import Engine, Program, Status
from engine._host import open_host
from engine._process import Warden
from runtimes.nsjail import NsjailRuntime
from tests.support.jails import config, limited

pytestmark = pytest.mark.jail

#: A program that forks is done long before.
LATE_SECONDS = 0.2
FORKS = """
import os
for _ in range(24):
    if os.fork() == 0:
        os._exit(0)
"""


class LateWarden(Warden):
    """Its process gets to the limits of a program late, as on a busy machine."""

    @override
    def send(self, message: Mapping[str, object], descriptors: Sequence[int] = ()) -> None:
        if message["kind"] == "arm":
            threading.Timer(LATE_SECONDS, super().send, [message, descriptors]).start()
        else:
            super().send(message, descriptors)


@pytest.mark.parametrize("fork", [False, True])
async def test_program_with_other_limits_than_the_pool_waits_for_them(fork: bool) -> None:
    settings = config(fork=fork, pool={"warm": 1})
    async with (
        open_host(settings, LateWarden) as host,
        Engine(settings, runtimes=[NsjailRuntime(host)]) as engine,
    ):
        program = Program(code=FORKS, environment="base")
        within = await engine.run(program, limited(pids=64))
        beyond = await engine.run(program, limited(pids=16))

    assert (within.status, beyond.status) == (Status.OK, Status.PIDS)
