"""A task group for background work of something that is opened and closed."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from anyio import create_task_group
from anyio.abc import TaskGroup


@asynccontextmanager
async def open_tasks() -> AsyncGenerator[TaskGroup]:
    """Yield a task group whose tasks are cancelled at the end of the block.

    An exception of the block is raised as it is; only those of tasks come in a group.
    """
    failure: Exception | None = None
    async with create_task_group() as tasks:
        try:
            yield tasks
        except Exception as error:  # raised again below, not wrapped into a group
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
