"""Let a local language model think in programs, run them safely, and check what comes out.

async with Engine() as engine, open_model(cache=load_config().cache) as model:
    async for step in Agent(engine, model).solve(Task(question="How many primes are below 100?")):
        match step: ...
"""

from ._agent import Agent
from ._model import Completion, Message, Model, ModelError, Request
from ._steps import (
    Answered,
    AnyStep,
    Check,
    Checked,
    Decided,
    Ran,
    Routed,
    Searched,
    Started,
    Token,
    Verified,
    Wrote,
)
from ._task import Budget, Means, Task
from ._tools import Tools
from .models import open_model

__all__ = [
    "Agent",
    "Answered",
    "AnyStep",
    "Budget",
    "Check",
    "Checked",
    "Completion",
    "Decided",
    "Means",
    "Message",
    "Model",
    "ModelError",
    "Ran",
    "Request",
    "Routed",
    "Searched",
    "Started",
    "Task",
    "Token",
    "Tools",
    "Verified",
    "Wrote",
    "open_model",
]
