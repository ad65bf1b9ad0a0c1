"""What all steps of one question share."""

from typing import NamedTuple

from ._documents import Documents
from ._ledger import Ledger
from ._question_data import NO_DATA, QuestionData
from ._running import Bench
from ._task import Means, Task
from ._writing import Writer


class Workshop(NamedTuple):
    """Where programs are written, looked at and run.

    Attributes:
        writer: Asks the model.
        reviewer: Asks the model that reviews.
        bench: Runs programs.
        means: What may be used.
        ledger: Counts it.
        documents: Where errors about names are looked up.
    """

    writer: Writer
    reviewer: Writer
    bench: Bench
    means: Means
    ledger: Ledger
    documents: Documents | None = None


class Target(NamedTuple):
    """What a program is written for.

    Attributes:
        task: What it has to do.
        language: Its own.
        tests: What it has to pass; may be empty.
        functions: Python functions that it may call, which were written before it.
        data: What it may take from the question by name.
    """

    task: Task
    language: str
    tests: str = ""
    functions: str = ""
    data: QuestionData = NO_DATA
