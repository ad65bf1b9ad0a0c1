"""An agent whose model says what it was told, over sandboxes that only pretend to be some."""

import io
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager, redirect_stdout
from types import ModuleType

import anyio
import msgspec
from anyio.lowlevel import checkpoint

from agent import Agent, Answered, AnyStep, Budget, Decided, Means, Ran, Task, Token, Tools, Wrote
from agent._documents import Documents
from agent.testing import Reply, ScriptedModel
from engine import (
    Capabilities,
    Emit,
    Engine,
    EngineConfig,
    ErrorInfo,
    Policy,
    PoolConfig,
    Program,
    Reason,
    Result,
    Status,
    isolation_of,
)
from engine.testing import Behaviour, FakeRuntime, FakeSandbox

ONCE = Means(route="code", samples=1)
QUESTION = "Of 12 apples 5 are eaten. What is left?"
WRONG = "print(12 - 5 + 1)\n"
RIGHT = "print(12 - 5)\n"
DOUBLE = Task(question="Write double.", wants="program", tests="assert double(3) == 6", entry_point="double")
GOOD = "def double(x):\n    return x * 2\n"
BAD = "def double(x):\n    return x + 2\n"


async def runs_python(sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None) -> Result:
    """Run a program of a test in this process: for what a run brings, not for how it is confined."""
    await checkpoint()
    files = {file.name: file.data or b"" for file in program.files}
    lines = str(program.code).split("\n")
    names: dict[str, object] = {"__name__": "__main__"}
    printed = io.StringIO()
    value, error = None, None
    try:
        with redirect_stdout(printed):
            if "observe.take" in str(program.code):
                module = ModuleType("candidate")
                exec(compile(files["candidate.py"], "candidate.py", "exec"), vars(module))
                names.update(item for item in vars(module).items() if not item[0].startswith("__"))
                exec(compile("\n".join(["", "", *lines[2:-2]]), "main.py", "exec"), names)
                value = lines[-2].strip("'")
            else:
                source = "\n".join("" if line == "import observe" else line for line in lines)
                exec(compile(source, "main.py", "exec"), names)
    except Exception as problem:
        error = ErrorInfo(type=type(problem).__name__, message=str(problem), line=_line_of(problem))
    except SystemExit:
        pass
    return Result(
        status=Status.OK if error is None else Status.ERROR,
        reason=Reason.EXIT_ZERO if error is None else Reason.EXIT_NONZERO,
        stdout_bytes=printed.getvalue().encode(),
        value=value,
        error=error,
        isolation=isolation_of(sandbox.template, path="cold"),
    )


def _line_of(problem: BaseException) -> int | None:
    if isinstance(problem, SyntaxError):
        return problem.lineno
    trace, line = problem.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "main.py":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


class Asked:
    """An agent with all that it needs, and what it did.

    Attributes:
        steps: Of the last question, without tokens.
        text: All tokens.
    """

    def __init__(self, engine: Engine, runtime: FakeRuntime, model: ScriptedModel, agent: Agent) -> None:
        self.engine = engine
        self.runtime = runtime
        self.model = model
        self.agent = agent
        self.steps: list[AnyStep] = []
        self.text = ""

    async def solve(self, task: Task | str) -> Answered:
        """Ask, take all steps, and return the last."""
        question = Task(question=task) if isinstance(task, str) else task
        async with aclosing(self.agent.solve(question)) as steps:
            async for step in steps:
                if isinstance(step, Token):
                    self.text += step.text
                else:
                    self.steps.append(step)
        answered = self.steps[-1]
        assert isinstance(answered, Answered)
        assert self.model.is_finished, "the model was asked less often than scripted"
        return answered

    def of[T: AnyStep](self, kind: type[T]) -> list[T]:
        """Return the steps of a kind."""
        return [step for step in self.steps if isinstance(step, kind)]

    @property
    def purposes(self) -> list[str]:
        """What the model was asked for, in order."""
        return [step.purpose for step in self.of(Wrote)]

    @property
    def actions(self) -> list[str]:
        """What was decided, in order."""
        return [step.action for step in self.of(Decided)]

    @property
    def programs(self) -> list[Program]:
        """All programs that were run, in order."""
        return [program for sandbox in self.runtime.sandboxes for program in sandbox.programs]

    @property
    def kinds(self) -> list[str]:
        """The kinds of all steps, in order."""
        return [type(step).__name__ for step in self.steps]


@asynccontextmanager
async def asked(
    replies: Iterable[Reply | None],
    *,
    means: Means | None = None,
    budget: Budget | None = None,
    behaviour: Behaviour = runs_python,
    documents: Documents | None = None,
    reviews: Sequence[str] | None = None,
    tools: Tools | None = None,
    languages: Iterable[str] = ("python",),
) -> AsyncGenerator[Asked]:
    """Open an agent; `reviews` are the words of a second model."""
    runtime = FakeRuntime(behaviour=behaviour, capabilities=Capabilities(languages=frozenset(languages)))
    model = ScriptedModel(replies)
    async with Engine(EngineConfig(pool=PoolConfig(warm=0, max_warm=0)), runtimes=[runtime]) as engine:
        agent = Agent(
            engine,
            model,
            means=means or Means(route="code"),
            budget=budget or Budget(),
            documents=documents,
            tools=tools,
            reviewer=None if reviews is None else ScriptedModel(reviews),
        )
        with anyio.fail_after(20):
            yield Asked(engine, runtime, model, agent)


def last_words(run: Asked, number: int) -> str:
    """Return what the model was asked last in its request of that number, counted from 0."""
    return run.model.requests[number].messages[-1].text


def assert_sound(run: Asked) -> None:
    """What has to hold of any run: it survives JSON, its numbers add up, and its answer is the last step."""
    encoder, decoder = msgspec.json.Encoder(), msgspec.json.Decoder(AnyStep)
    assert [decoder.decode(encoder.encode(step)) for step in run.steps] == run.steps
    answered = run.steps[-1]
    assert isinstance(answered, Answered)
    assert [kind for kind in run.kinds if kind in ("Started", "Answered")] == ["Started", "Answered"]
    assert [step.at for step in run.steps] == sorted(step.at for step in run.steps)
    wrote, totals = run.of(Wrote), answered.totals
    assert totals.programs == len(run.of(Ran))
    assert len(run.programs) == len([step for step in run.of(Ran) if step.status != "refused"])
    assert totals.model_calls == len(wrote)
    assert totals.new_tokens == sum(step.new_tokens for step in wrote)
    assert totals.prompt_tokens == sum(step.prompt_tokens for step in wrote)
    assert totals.repairs == run.purposes.count("repair")
    still = [prompt.messages for prompt in run.model.requests if not prompt.temperature and not prompt.avoid]
    assert len(still) == len(set(still)), "the same was asked twice with nothing left to chance"
