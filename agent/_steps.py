"""What an agent does, step by step: the events of `Agent.solve`, and the lines of a transcript."""

from typing import Literal

import msgspec

from ._task import Route


class Step(msgspec.Struct, frozen=True, kw_only=True, tag_field="step", tag=str.lower):
    """Something that an agent did.

    Attributes:
        at: Seconds since the question.
    """

    at: float = 0.0


class Started(Step, frozen=True, kw_only=True):
    """A question was asked.

    Attributes:
        files: Names of the input files; their content is in no transcript.
    """

    question: str
    model: str
    seed: int
    files: tuple[str, ...] = ()


class Routed(Step, frozen=True, kw_only=True):
    """It was decided how to think.

    Attributes:
        by: `rule`, `model`, or `user`.
        helpers: Functions of the helper library that the model is shown.
        data: Names by which its programs may take data from the question.
    """

    route: Route
    language: str
    by: Literal["rule", "model", "user"]
    why: str
    helpers: tuple[str, ...] = ()
    data: tuple[str, ...] = ()


class Token(Step, frozen=True, kw_only=True):
    """The model wrote some characters. For live display; in no transcript."""

    text: str


type Purpose = Literal["route", "write", "repair", "sample", "text", "plan", "review"]


class Wrote(Step, frozen=True, kw_only=True):
    """The model answered.

    Attributes:
        number: Of the program, counted from 1; None where it is no program.
        prompt_hash: Of the request; the same request has the same.
        text: What the model wrote, or the program in it.
        went_back: How often a line that is no syntax was thrown away while the model wrote.
        finish: As in `Completion`.
    """

    purpose: Purpose
    number: int | None = None
    prompt_hash: str
    text: str
    went_back: int = 0
    finish: str = "stop"
    prompt_tokens: int = 0
    reused_tokens: int = 0
    new_tokens: int = 0
    guessed_tokens: int = 0
    first_token_seconds: float = 0.0
    seconds: float = 0.0


class Checked(Step, frozen=True, kw_only=True):
    """A program was looked at before it ran.

    Attributes:
        problems: What stands against it, for a person; empty when nothing does.
        mended: What was put right by rule, such as an import.
        constant: It only prints what it was written with.
        program: The program as it will run, if that is not how it was written.
    """

    number: int
    problems: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    constant: bool = False
    program: str | None = None
    seconds: float = 0.0


class Ran(Step, frozen=True, kw_only=True):
    """A program ran.

    Attributes:
        status: As in `engine.Result`, from the engine.
        answer: What the program gave as its answer, in its own words; None if nothing.
        output: The last lines that it printed.
        error: Type, message and line of an uncaught exception.
        runtime: Which isolation it ran in, with its path, such as `nsjail/warm`.
        calls: Host functions that it called, in order.
    """

    number: int
    status: str
    answer: str | None = None
    output: str = ""
    error: str = ""
    runtime: str = ""
    seconds: float = 0.0
    cpu_ms: float | None = None
    peak_memory_mib: float | None = None
    calls: tuple[str, ...] = ()


class Searched(Step, frozen=True, kw_only=True):
    """Small edits of a program that fails its tests were tried.

    Attributes:
        tried: How many.
        passing: How many of them pass the tests.
        alike: How many of these were seen to do the same as the chosen one, itself included.
        edit: The chosen one, for a person; empty if none passes.
        program: With it, as it will run.
    """

    tried: int = 0
    passing: int = 0
    alike: int = 0
    edit: str = ""
    program: str | None = None
    seconds: float = 0.0


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at to see whether an answer is right.

    Attributes:
        name: Such as `tests`, `examples`, `constraints`, `numbers`, `agreement`.
        passed: None when it could not be decided.
        strong: A pass makes the answer verified; without strength it is only not contradicted.
    """

    name: str
    passed: bool | None
    detail: str = ""
    strong: bool = False


class Verified(Step, frozen=True, kw_only=True):
    """An answer was checked, by programs of ours and never by the word of the program that gave it."""

    number: int | None = None
    checks: tuple[Check, ...] = ()
    seconds: float = 0.0


type Action = Literal["accept", "repair", "sample", "plan", "text", "stop"]


class Decided(Step, frozen=True, kw_only=True):
    """What happens next, and why."""

    action: Action
    why: str


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer took, all together."""

    programs: int = 0
    repairs: int = 0
    samples: int = 0
    model_calls: int = 0
    prompt_tokens: int = 0
    reused_tokens: int = 0
    new_tokens: int = 0
    model_seconds: float = 0.0
    sandbox_seconds: float = 0.0
    check_seconds: float = 0.0
    seconds: float = 0.0


type Confidence = Literal["verified", "agreed", "unverified", "unknown"]


class Answered(Step, frozen=True, kw_only=True):
    """The end: an answer with its evidence, or that there is none.

    Attributes:
        answer: None when the agent does not know.
        confidence: `verified` by a strong check, `agreed` by independent programs, `unverified`, `unknown`.
        program: What gave the answer, as it ran.
        output: What that printed.
        verified: What was checked and held.
        unverified: What was not checked, or did not hold.
        why: Why it ended here.
    """

    answer: str | None
    confidence: Confidence
    route: Route
    language: str = ""
    program: str = ""
    output: str = ""
    verified: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    why: str = ""
    totals: Totals = Totals()


type AnyStep = Started | Routed | Token | Wrote | Checked | Ran | Searched | Verified | Decided | Answered
