"""What a program may call and use that is there already: helpers, host functions, data of the question."""

from typing import NamedTuple

from ._helpers import Stub, arguments, choose
from ._prompts import helper_notes, solvers_import
from ._question_data import NO_DATA, QuestionData, data_of
from ._steps import Routed
from ._task import Means, Task
from ._tools import Tools


class Aids(NamedTuple):
    """What one question is given.

    Attributes:
        stubs: Functions of the helper library, the likeliest first.
        data: What programs may take from the question by name.
        notes: What the model is told of functions; empty if there are none.
        begun: The first lines of each program, which the model goes on from.
    """

    stubs: tuple[Stub, ...] = ()
    data: QuestionData = NO_DATA
    notes: str = ""
    begun: str = ""


NO_AIDS = Aids()


def aids_for(task: Task, means: Means, routed: Routed, tools: Tools | None) -> Aids:
    """Return what helps with a question that has been routed; helpers and data for answers in Python only."""
    if routed.language != "python":
        return NO_AIDS
    stubs: tuple[Stub, ...] = ()
    data = NO_DATA
    begun = ""
    if means.helpers and routed.route == "code" and task.wants == "answer":
        stubs = choose(task.question)
        names = [stub.name for stub in stubs]
        data = data_of(task.question).named_for(names)
        begun = solvers_import(names) + data.shown() + arguments(task.question, names)
    texts = [stub.text_for(task.question) for stub in stubs]
    # A program imports host functions itself: what it is begun with is no part of it.
    texts += [] if tools is None else [tools.stubs()]
    return Aids(stubs, data, helper_notes(list(filter(None, texts))), begun)
