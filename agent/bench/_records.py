"""What is kept of one measured item, and how it is gathered from the steps of an agent."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from agent._model import ModelError
from agent._steps import Answered, AnyStep, Checked, Confidence, Ran, Routed, Totals, Wrote
from agent._task import Means, Route, Task

from ._arms import Solver
from ._items import Item
from ._tasks import task_of

MAX_ANSWER_CHARACTERS = 500


class Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="record"):
    """One item, measured with one arm.

    Attributes:
        right: By the item's own rule, never by the agent's word.
        right_first: Whether the first program would have been enough; None if there was none.
        ran: Whether a program ended well; None if none ran.
        constant: Programs that only print what they were written with.
        evaluated_tokens: Prompt tokens that had not been read before.
        cpu_ms: Of all its programs in the sandbox.
        peak_memory_mib: Of the largest.
        answer: Its first characters.
        finish: How the model's last text ended.
        error: Why the model gave nothing; such an item counts as wrong.
    """

    set: str
    item: str
    arm: str
    model: str
    seed: int
    kind: str = ""
    right: bool = False
    right_first: bool | None = None
    ran: bool | None = None
    route: Route | None = None
    confidence: Confidence | None = None
    programs: int = 0
    repairs: int = 0
    samples: int = 0
    constant: int = 0
    model_calls: int = 0
    evaluated_tokens: int = 0
    new_tokens: int = 0
    seconds: float = 0.0
    model_seconds: float = 0.0
    sandbox_seconds: float = 0.0
    check_seconds: float = 0.0
    cpu_ms: float | None = None
    peak_memory_mib: float | None = None
    answer: str | None = None
    finish: str = ""
    why: str = ""
    error: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        """What is measured once."""
        return (self.set, self.item, self.arm, self.model, self.seed)


class Course(msgspec.Struct, kw_only=True):
    """What an agent did about one item, as far as it is measured.

    Attributes:
        first: The first program, or what the first program gave: whichever the item is scored by.
        answered: None if the model failed.
    """

    first: str | None = None
    ran: bool | None = None
    route: Route | None = None
    constant: int = 0
    cpu_ms: float | None = None
    peak_memory_mib: float | None = None
    finish: str = ""
    error: str = ""
    answered: Answered | None = None

    @property
    def answer(self) -> str | None:
        """The answer, None if there is none."""
        return self.answered.answer if self.answered else None

    def see(self, step: AnyStep, *, wants_program: bool) -> None:
        """Take what is measured from one step."""
        match step:
            case Routed():
                self.route = step.route
            case Wrote():
                self.finish = step.finish
                if wants_program and step.number is not None and self.first is None:
                    self.first = step.text
            case Checked():
                self.constant += step.constant
            case Ran():
                self._see_run(step, wants_program=wants_program)
            case Answered():
                self.answered = step
                self.route = step.route
            case _:
                pass

    def _see_run(self, step: Ran, *, wants_program: bool) -> None:
        if not wants_program and self.ran is None:
            self.first = step.answer or ""
        self.ran = bool(self.ran) or step.status == "ok"
        if step.cpu_ms is not None:
            self.cpu_ms = (self.cpu_ms or 0.0) + step.cpu_ms
        if step.peak_memory_mib is not None:
            self.peak_memory_mib = max(self.peak_memory_mib or 0.0, step.peak_memory_mib)


async def follow(solver: Solver, item: Item, means: Means) -> Course:
    """Have an agent answer an item; that the model fails is data.

    Raises:
        EngineError: The sandbox failed.
    """
    task = task_of(item)
    course = Course()
    try:
        async with aclosing(solver(task, means)) as steps:
            await _see_all(steps, course, task)
    except ModelError as error:
        course.error = str(error) or type(error).__name__
    return course


async def _see_all(steps: AsyncGenerator[AnyStep], course: Course, task: Task) -> None:
    async for step in steps:
        course.see(step, wants_program=task.wants == "program")
    if course.answered is None:
        raise AssertionError("the last step of an agent is its answer")


def record_of(course: Course, key: tuple[str, str, str, str, int], *, kind: str) -> Record:
    """Return the record of a course that is not judged yet."""
    set_name, item, arm, model, seed = key
    answered = course.answered
    totals = answered.totals if answered else Totals()
    return Record(
        set=set_name,
        item=item,
        arm=arm,
        model=model,
        seed=seed,
        kind=kind,
        ran=course.ran,
        route=course.route,
        confidence=answered.confidence if answered else None,
        programs=totals.programs,
        repairs=totals.repairs,
        samples=totals.samples,
        constant=course.constant,
        model_calls=totals.model_calls,
        evaluated_tokens=max(0, totals.prompt_tokens - totals.reused_tokens),
        new_tokens=totals.new_tokens,
        seconds=totals.seconds,
        model_seconds=totals.model_seconds,
        sandbox_seconds=totals.sandbox_seconds,
        check_seconds=totals.check_seconds,
        cpu_ms=course.cpu_ms,
        peak_memory_mib=course.peak_memory_mib,
        answer=_cut(course.answer),
        finish=course.finish,
        why=_cut(answered.why) or "" if answered else "",
        error=_cut(course.error) or "",
    )


def _cut(text: str | None) -> str | None:
    """Shorten a text of the guest, and replace what no encoding can hold."""
    if text is None:
        return None
    return text[:MAX_ANSWER_CHARACTERS].encode("utf-8", "replace").decode()
