"""What an agent is asked, how far it may go, and which of its means it may use."""

from typing import Literal

import msgspec

from engine import File

type Route = Literal["code", "text"]


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A question, or a program that is wanted.

    Attributes:
        question: In the user's words.
        language: Of the program, as in `engine.Program`; None has it chosen by rule.
        files: What the program finds in its working folder.
        wants: `answer` is what the program prints or returns; with `program` it is the program itself.
        code: A program that is to be mended.
        tests: Statements in the program's language that fail unless it is right. The model sees them.
        entry_point: The function that the tests call.
    """

    question: str
    language: str | None = None
    files: tuple[File, ...] = ()
    wants: Literal["answer", "program"] = "answer"
    code: str = ""
    tests: str = ""
    entry_point: str = ""


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """Where an agent stops, with the best answer that it has so far.

    Attributes:
        programs: Programs that are run.
        tokens: New tokens of the model, all calls together.
        seconds: Wall time.
    """

    programs: int = 12
    tokens: int = 6_000
    seconds: float = 300.0


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """Which means an agent may use; the defaults are all that help small models.

    Attributes:
        route: `auto` decides between thinking in code and in text.
        check: Look at a program before it runs: syntax, undefined names, missing imports, mere constants.
        repairs: How often a failing program is given back to the model.
        samples: How many programs may be written at first hand; more than one lets answers be compared.
        helpers: Offer the helper library, and documentation after errors of name.
        verify: Check answers: tests, examples, constraints, bounds.
        edits: Try small edits of a Python program that fails its tests; a given one comes before the model.
        review: Ask a model whether the answer is plausible.
        plan: After failed repairs, divide the task into functions that are tested one by one.
        seed: Of the first sample; the others count on from it.
    """

    route: Literal["auto", "code", "text"] = "auto"
    check: bool = True
    repairs: int = 2
    samples: int = 5
    helpers: bool = True
    verify: bool = True
    edits: bool = True
    review: bool = False
    plan: bool = True
    seed: int = 0
