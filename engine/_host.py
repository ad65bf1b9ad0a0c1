"""What the engine lends to its runtimes."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NamedTuple

from anyio.abc import TaskGroup

from ._config import EngineConfig
from ._process import Warden
from ._tasks import open_tasks


class Host(NamedTuple):
    """Given to each runtime when it is made; the engine owns all parts.

    Attributes:
        config: Of the engine.
        warden: Starts and guards processes.
        tasks: For work in the background; cancelled after the runtime has been closed.
    """

    config: EngineConfig
    warden: Warden
    tasks: TaskGroup


@asynccontextmanager
async def open_host(config: EngineConfig, warden: type[Warden] = Warden) -> AsyncGenerator[Host]:
    """Open what runtimes need; leaving the block ends every process that they have started."""
    async with open_tasks() as tasks, warden.open() as opened:
        yield Host(config, opened, tasks)
