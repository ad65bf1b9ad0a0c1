"""`isorun agent` with a model that says what it was told, over sandboxes that only pretend to be some."""

import json
import os
import signal
import stat
import sys
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import override

import anyio
import pytest

from agent import Budget, Completion, Model, ModelError, Request
from agent._transcript import TranscriptError
from agent.models import DEFAULT_MODEL, ModelSettings
from agent.models._catalog import CATALOG, model_path
from agent.models._library import library_folder
from agent.models._stored import note_path
from agent.testing import Reply, ScriptedModel
from engine import Capabilities, Emit, Engine, EngineConfig, EngineError, PoolConfig, Program, Result
from engine.cli import main
from engine.cli._agent import answer
from engine.cli._agent_parts import Parts, means_of
from engine.cli._agent_replay import replay
from engine.cli._errors import Interrupted, UsageError, describe
from engine.cli._parser import parse
from engine.testing import Behaviour, FakeRuntime, FakeSandbox, prints
from policies import Policy, PolicyError

from ._agents import QUESTION, RIGHT, runs_python

Capture = pytest.CaptureFixture[str]

SECRET = "correct-horse-battery"
# Nothing is compared and nothing planned: what the model is asked is what the test has scripted.
ONCE = ("--code", "--samples", "1")


class Scene:
    """Everything that the command opens, and what became of it."""

    def __init__(
        self,
        replies: Iterable[Reply | None] = (RIGHT,),
        *,
        model: ScriptedModel | None = None,
        behaviour: Behaviour = runs_python,
    ) -> None:
        able = Capabilities(languages=frozenset({"python"}), mounts=True)
        self.model = model or ScriptedModel(replies)
        self.runtime = FakeRuntime(behaviour=behaviour, capabilities=able)
        self.opened: list[str | None] = []
        self.settings: list[ModelSettings] = []
        self.closed = 0
        self.pulled: list[str] = []

    @property
    def parts(self) -> Parts:
        return Parts(self._open_model, self._make_engine, lambda name, cache: self.pulled.append(name))

    @asynccontextmanager
    async def _open_model(
        self, spec: str | None, *, cache: Path, settings: ModelSettings
    ) -> AsyncGenerator[Model]:
        self.opened.append(spec)
        self.settings.append(settings)
        try:
            yield self.model
        finally:
            self.closed += 1

    def _make_engine(self, config: EngineConfig) -> Engine:
        return Engine(EngineConfig(pool=PoolConfig(warm=0, max_warm=0)), runtimes=[self.runtime])

    def ask(self, *argv: str) -> int:
        """Answer, and see that nothing stays open, however that ends."""
        try:
            return answer(parse(["agent", *argv]), self.parts)
        finally:
            assert self.runtime.live == 0
            assert self.closed == len(self.opened)

    def replay(self, file: Path, *argv: str) -> int:
        return replay(str(file), parse(["agent", "replay", str(file), *argv]), self.parts)

    @property
    def prompt(self) -> str:
        """All that the model was asked first."""
        return "\n".join(message.text for message in self.model.requests[0].messages)


def exit_code(error: BaseException) -> int:
    found = describe(error)
    assert found is not None
    return found.exit_code


@pytest.mark.parametrize("word", ["show", "replay"])
def test_transcript_without_a_file_is_refused(word: str, capsys: Capture) -> None:
    assert main(["agent", word]) == 2
    assert "needs the file" in capsys.readouterr().err


# Options


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("60", Budget(seconds=60)),
        ("0.5", Budget(seconds=0.5)),
        ("tokens=1", Budget(tokens=1)),
        ("seconds=60,tokens=2000,programs=4", Budget(seconds=60, tokens=2000, programs=4)),
        (" programs = 4 , 60 ", Budget(programs=4, seconds=60)),
    ],
)
def test_budget_is_seconds_or_a_list(text: str, budget: Budget) -> None:
    assert parse(["agent", "--budget", text, "q"]).budget == budget


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "0", "nan", "inf", "1e999", "60,", "60,70", "seconds=60,60"),
        *("tokens=0", "tokens=0.5", "tokens=-1", "tokens=1e3", "programs=", "programs=x", "weeks=1", "=1"),
    ],
)
def test_odd_budget_is_refused(text: str, capsys: Capture) -> None:
    assert main(["agent", f"--budget={text}", "q"]) == 2
    assert "argument --budget: `" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "accepted", "refused"),
    [
        ("samples", [1, 100], [0, 101]),
        ("context", [512, 1_048_576], [511, 1_048_577]),
        ("threads", [0, 1024], [-1, 1025]),
        ("gpu-layers", [-1, 10_000], [-2, 10_001]),
        ("seed", [0, 2**32 - 1], [-1, 2**32]),
    ],
)
def test_numbers_have_a_range(option: str, accepted: list[int], refused: list[int], capsys: Capture) -> None:
    for number in accepted:
        arguments = parse(["agent", f"--{option}", str(number), "q"])
        assert vars(arguments)[option.replace("-", "_")] == number

    for text in (*map(str, refused), "x", "1.0"):
        assert main(["agent", f"--{option}={text}", "q"]) == 2
        assert "is not a whole number from" in capsys.readouterr().err


def test_code_and_no_code_exclude_each_other(capsys: Capture) -> None:
    assert main(["agent", "--no-code", "--code", "q"]) == 2
    assert "not allowed with" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "route", "review"),
    [([], "auto", False), (["--code"], "code", False), (["--no-code", "--reviewer", "m"], "text", True)],
)
def test_means_are_those_of_the_options(options: list[str], route: str, review: bool) -> None:
    means = means_of(parse(["agent", "--seed", "7", *options, "q"]))

    assert (means.route, means.review, means.samples, means.seed) == (route, review, 5, 7)


def test_model_gets_what_the_options_say_and_else_the_configuration() -> None:
    scene = Scene()
    folder = Path(os.environ["XDG_CONFIG_HOME"], "isorun")
    folder.mkdir()
    (folder / "config.toml").write_text('[agent]\nmodel = "tiny.gguf"\nthreads = 3\ncontext-tokens = 1024\n')

    scene.ask(*ONCE, "--context", "2048", "--gpu-layers", "-1", QUESTION)

    assert scene.opened == ["tiny.gguf"]
    assert scene.settings == [ModelSettings(context_tokens=2048, threads=3, gpu_layers=-1)]


def test_reviewer_is_a_second_model() -> None:
    scene = Scene([RIGHT, "yes"])

    scene.ask(*ONCE, "--model", "one", "--reviewer", "other", QUESTION)

    assert scene.opened == ["one", "other"]


# What is printed


def test_answer_goes_to_stdout_and_the_rest_to_stderr(capsys: Capture) -> None:
    scene = Scene()

    code = scene.ask(*ONCE, QUESTION)

    captured = capsys.readouterr()
    assert (code, captured.out) == (0, "7\n")
    lines = captured.err.splitlines()
    assert lines[0] == "model: scripted"
    assert any(line.startswith("program 1: ok") for line in lines)
    assert any(line.startswith("took ") for line in lines)


def test_text_only_runs_nothing(capsys: Capture) -> None:
    scene = Scene(["Seven are left.\nAnswer: 7"])

    code = scene.ask("--no-code", QUESTION)

    assert (code, capsys.readouterr().out) == (0, "7\n")
    assert scene.runtime.sandboxes == []


def test_no_answer_has_its_exit_code_and_prints_nothing(capsys: Capture) -> None:
    scene = Scene(["1 / 0\n"] * 9)

    code = scene.ask(*ONCE, "--budget", "programs=1", QUESTION)

    captured = capsys.readouterr()
    assert (code, captured.out) == (1, "")
    assert "no answer" in captured.err


def test_json_is_one_object(capsys: Capture) -> None:
    code = Scene().ask(*ONCE, "--json", QUESTION)

    captured = capsys.readouterr()
    answered = json.loads(captured.out)
    assert code == 0
    assert (answered["answer"], answered["route"], answered["program"]) == ("7", "code", RIGHT.rstrip("\n"))
    assert "took" not in captured.err


def test_json_says_that_there_is_no_answer(capsys: Capture) -> None:
    code = Scene(["1 / 0\n"]).ask(*ONCE, "--json", "--budget", "programs=1", QUESTION)

    answered = json.loads(capsys.readouterr().out)
    assert code == 1
    assert (answered["answer"], answered["confidence"]) == (None, "unknown")


def test_terminal_is_not_steered_by_an_answer(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    program = "print('7\\x1b]0;owned\\x07')\n"

    Scene([program]).ask(*ONCE, QUESTION)
    piped = capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    Scene([program]).ask(*ONCE, QUESTION)
    shown = capsys.readouterr().out

    assert piped == "7\x1b]0;owned\x07\n"
    assert shown == "7␛]0;owned␇\n"


def test_verbose_shows_the_program(capsys: Capture) -> None:
    Scene().ask(*ONCE, "--verbose", QUESTION)

    captured = capsys.readouterr()
    assert captured.out == "7\n"
    assert "print(12 - 5)" in captured.err


# What fails


def test_failing_model_is_a_host_failure() -> None:
    with pytest.raises(ModelError) as raised:
        Scene([ModelError("no memory is left")]).ask(*ONCE, QUESTION)

    assert exit_code(raised.value) == 4


def test_failing_sandbox_is_a_host_failure() -> None:
    scene = Scene()
    scene.runtime.start_errors.extend([EngineError("the disk is full")] * 9)

    with pytest.raises(EngineError, match="full") as raised:
        scene.ask(*ONCE, QUESTION)

    assert exit_code(raised.value) == 4


def test_unknown_model_is_an_error_with_those_there_are(capsys: Capture) -> None:
    code = main(["agent", "--model", "gpt", QUESTION])

    error, hint = capsys.readouterr().err.splitlines()
    assert code == 4
    assert error == "error: there is no model `gpt`"
    assert f"`{DEFAULT_MODEL}`" in hint


@pytest.mark.parametrize(
    ("options", "kind", "code"),
    [
        (["--model", "gpt"], "ModelError", 4),
        (["--policy", "unknown"], "PolicyError", 2),
        (["--samples", "0"], "UsageError", 2),
        (["--transcript", "/missing/run.jsonl"], "TranscriptError", 2),
    ],
)
def test_error_is_one_object_when_json_is_wanted(
    options: list[str], kind: str, code: int, capsys: Capture
) -> None:
    assert main(["agent", "--json", *options, QUESTION]) == code

    captured = capsys.readouterr()
    assert json.loads(captured.out)["error"]["type"] == kind
    assert captured.err == ""


class Stalling(ScriptedModel):
    """Has a signal sent when it is asked, and never answers."""

    def __init__(self, number: int) -> None:
        super().__init__([None])
        self._number = number

    @override
    async def complete(self, request: Request) -> AsyncGenerator[str | Completion]:
        os.kill(os.getpid(), self._number)
        async for event in super().complete(request):
            yield event


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_ends_a_model_that_stalls(number: int, code: int, tmp_path: Path) -> None:
    scene = Scene(model=Stalling(number))

    with pytest.raises(Interrupted) as raised:
        scene.ask(*ONCE, "--transcript", f"{tmp_path}/run.jsonl", QUESTION)

    assert exit_code(raised.value) == code
    assert (scene.model.left, scene.closed) == (1, 1)
    assert (tmp_path / "run.jsonl").read_bytes().endswith(b"}\n")


def test_signal_ends_a_program_that_runs() -> None:
    async def is_interrupted(
        sandbox: FakeSandbox, program: Program, policy: Policy, emit: Emit | None
    ) -> Result:
        os.kill(os.getpid(), signal.SIGINT)
        await anyio.sleep_forever()
        raise AssertionError("unreachable")

    scene = Scene(behaviour=is_interrupted)

    with pytest.raises(Interrupted):
        scene.ask(*ONCE, QUESTION)

    assert scene.runtime.sandboxes[0].closed.is_set()


# What programs may use


def policy_file(folder: Path, text: str) -> Path:
    path = folder / "policy.toml"
    path.write_text(text)
    return path


def test_programs_can_search_the_folders_of_the_policy(tmp_path: Path) -> None:
    policy = policy_file(tmp_path, f'[[mounts]]\nsource = "{tmp_path}"\ntarget = "/mnt/data"\n')
    scene, without = Scene(), Scene()

    scene.ask(*ONCE, "--policy", str(policy), QUESTION)
    without.ask(*ONCE, QUESTION)

    assert "search_files" in scene.prompt
    assert "search_files" not in without.prompt
    assert [mount.target for mount in scene.runtime.sandboxes[0].policies[0].mounts] == ["/mnt/data"]


def test_policy_is_that_of_the_configuration_if_none_is_named(tmp_path: Path) -> None:
    policy = policy_file(tmp_path, f'[[mounts]]\nsource = "{tmp_path}"\ntarget = "/mnt/data"\n')
    folder = Path(os.environ["XDG_CONFIG_HOME"], "isorun")
    folder.mkdir()
    (folder / "config.toml").write_text(f'policy = "{policy}"\n')
    scene = Scene()

    scene.ask(*ONCE, QUESTION)

    assert "search_files" in scene.prompt


def test_unknown_policy_is_refused_before_a_model_is_opened() -> None:
    scene = Scene()

    with pytest.raises(PolicyError) as raised:
        scene.ask("--policy", "unknown", QUESTION)

    assert exit_code(raised.value) == 2
    assert scene.opened == []


# Pulling


@pytest.mark.parametrize(
    ("options", "pulled"),
    [
        ([], []),
        (["--pull"], [DEFAULT_MODEL]),
        (["--pull", "--model", "smollm2-135m"], ["smollm2-135m"]),
        (["--pull", "--model", "smollm2-135m", "--reviewer", "smollm2-135m"], ["smollm2-135m"]),
        (["--pull", "--model", "a", "--reviewer", "b"], ["a", "b"]),
        (["--pull", "--model", "./tiny.gguf"], []),
        (["--pull", "--model", "http://127.0.0.1:1/v1#x"], []),
    ],
)
def test_models_with_a_name_are_pulled_if_that_is_wanted(options: list[str], pulled: list[str]) -> None:
    scene = Scene([RIGHT, "yes"])

    scene.ask(*ONCE, *options, QUESTION)

    assert scene.pulled == pulled


def test_model_that_is_here_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISORUN_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    model = CATALOG["smollm2-135m"]
    path = model_path(tmp_path, model)
    path.parent.mkdir()
    path.touch()
    os.truncate(path, model.bytes)
    note_path(path).write_text(f"{model.sha256}  {model.file}\n")
    (library_folder(tmp_path) / "llama_cpp").mkdir(parents=True)
    scene = Scene()
    parts = scene.parts._replace(pull=Parts().pull)

    code = answer(parse(["agent", *ONCE, "--pull", "--model", model.name, QUESTION]), parts)

    assert code == 0


# Transcripts


def test_transcript_is_for_its_owner_alone_and_can_be_shown(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "run.jsonl"
    Scene().ask(*ONCE, "--transcript", str(file), QUESTION)
    capsys.readouterr()

    code = main(["agent", "show", str(file)])

    shown = capsys.readouterr().out
    assert code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert f"question   {QUESTION}\n" in shown
    assert "      1 | print(12 - 5)\n" in shown
    assert "answer     7\n" in shown


@pytest.mark.parametrize("named", [True, False])
def test_transcript_has_no_secret(named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = policy_file(tmp_path, f'[env]\nTOKEN = "{SECRET}"\n')
    monkeypatch.setenv("ISORUN_MODEL_KEY", SECRET[::-1])
    folder = Path(os.environ["XDG_CONFIG_HOME"], "isorun")
    folder.mkdir()
    (folder / "config.toml").write_text(f'policy = "{policy if not named else "default"}"\n')
    options = ["--policy", str(policy)] if named else []
    file = tmp_path / "run.jsonl"
    scene = Scene([f"print('{SECRET}')\nprint('{SECRET[::-1]}')\n"])

    scene.ask(*ONCE, *options, "--transcript", str(file), f"Is {SECRET} the word?")

    written = file.read_text()
    assert SECRET not in written
    assert SECRET[::-1] not in written
    assert written.count("[redacted]") > 4


def test_transcript_that_cannot_be_written_is_told_before_anything_is_opened(tmp_path: Path) -> None:
    scene = Scene()

    with pytest.raises(TranscriptError, match="cannot be written: No such file") as raised:
        scene.ask("--pull", "--transcript", f"{tmp_path}/none/run.jsonl", QUESTION)

    assert exit_code(raised.value) == 2
    assert (scene.opened, scene.pulled) == ([], [])


def test_usage_error_leaves_an_earlier_transcript_alone(tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_text("earlier")

    with pytest.raises(UsageError):
        Scene().ask("--transcript", f"{tmp_path}/run.jsonl", " ")

    assert (tmp_path / "run.jsonl").read_text() == "earlier"


# Replay


@pytest.fixture
def recorded(tmp_path: Path, capsys: Capture) -> Path:
    """A transcript of a program that failed and its repair."""
    file = tmp_path / "run.jsonl"
    Scene(["print(12 - eaten)\n", RIGHT]).ask(*ONCE, "--transcript", str(file), QUESTION)
    capsys.readouterr()
    return file


def test_programs_that_give_the_same_again_are_as_recorded(recorded: Path, capsys: Capture) -> None:
    scene = Scene()

    code = scene.replay(recorded)

    assert code == 0
    assert capsys.readouterr().out == "program 1: error; as recorded\nprogram 2: ok, 7; as recorded\n"
    assert (scene.runtime.live, scene.opened) == (0, [])


def test_program_that_gives_something_else_is_told(recorded: Path, capsys: Capture) -> None:
    code = Scene(behaviour=prints(b"8\x1b\n")).replay(recorded)

    assert code == 1
    assert capsys.readouterr().out == (
        "program 1: ok, 8␛; not as recorded: error\nprogram 2: ok, 8␛; not as recorded: ok, 7\n"
    )


def test_tools_are_there_again(recorded: Path, tmp_path: Path) -> None:
    policy = policy_file(tmp_path, f'[[mounts]]\nsource = "{tmp_path}"\ntarget = "/mnt/data"\n')
    scene = Scene()

    scene.replay(recorded, "--policy", str(policy))

    names = {file.name for file in scene.runtime.sandboxes[0].programs[0].files}
    assert "tools.py" in names


def test_divided_program_runs_again_with_its_functions(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "run.jsonl"
    plan = (
        'def eaten() -> int:\n    """How many are eaten.\n\n    >>> eaten()\n    5\n    """\n'
        'def left(apples: int) -> int:\n    """How many are left.\n\n    >>> left(12)\n    7\n    """\n'
    )
    functions = ["def eaten():\n    return 5\n", "def left(apples):\n    return apples - eaten()\n"]
    scene = Scene(["1 / 0\n", "2 / 0\n", "3 / 0\n", plan, *functions, "print(left(12))\n"])
    scene.ask(*ONCE, "--transcript", str(file), QUESTION)
    assert capsys.readouterr().out == "7\n"

    code = Scene().replay(file)

    assert code == 0
    assert capsys.readouterr().out.endswith("ok, 7; as recorded\n")


def test_transcript_without_programs_has_nothing_to_replay(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "run.jsonl"
    Scene(["Answer: 7"]).ask("--no-code", "--transcript", str(file), QUESTION)
    capsys.readouterr()
    scene = Scene()

    code = scene.replay(file)

    captured = capsys.readouterr()
    assert (code, captured.out) == (0, "")
    assert captured.err.startswith("note: ")


@pytest.mark.parametrize("action", ["show", "replay"])
def test_file_that_is_no_transcript_is_refused(action: str, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "x").write_text("hello\n")

    assert main(["agent", action, f"{tmp_path}/x"]) == 2
    assert capsys.readouterr().err.startswith("error: line 1 is no step")
