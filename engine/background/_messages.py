"""What a program that uses a background engine asks, and what it is answered: one message in each frame.

A request carries a number that its client has not used before; its answer carries the same. Answers come in
the order in which they are ready.
"""

import os
from typing import Annotated

import msgspec
from msgspec import Meta

from engine._caller import Caller
from engine._exceptions import ConfigError
from engine._program import File, Program, Result
from engine._router import TierDecision
from engine._runs import RunInfo
from engine._stats import EngineStats
from engine._tiers import TierReport
from policies import Policy

from ._errors import ErrorData
from ._packing import Unpacker

#: Of these messages. A client and an engine of different versions do not understand each other.
VERSION = 1

type Number = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]


class ProgramData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A `Program`, in a form that can be decoded: its code is bytes, and whether it was text is told.

    Files given by path are read by the engine.
    """

    code: bytes
    is_text: bool
    language: str
    args: tuple[str, ...]
    stdin: bytes
    files: tuple[File, ...]
    env: dict[str, str]
    environment: str | None
    check: bool
    flags: tuple[str, ...]
    call: str | None

    @classmethod
    def of(cls, program: Program) -> "ProgramData":
        """Describe a checked program; its paths are understood as this process understands them."""
        code = program.code
        fields = {name: getattr(program, name) for name in cls.__struct_fields__ if hasattr(program, name)}
        fields["code"] = code.encode() if isinstance(code, str) else code
        fields["files"] = tuple(map(_from_root, program.files))
        return cls(**fields, is_text=isinstance(code, str))

    def program(self) -> Program:
        """Return the program.

        Raises:
            ConfigError: Its code is said to be text and is not.
        """
        fields = msgspec.structs.asdict(self)
        if fields.pop("is_text"):
            try:
                fields["code"] = self.code.decode()
            except UnicodeDecodeError as error:
                raise ConfigError("`code` is not UTF-8 text") from error
        return Program(**fields)


class Request(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag=True
):
    """What all requests have.

    Attributes:
        id: Its number.
    """

    id: Number


class Hello(Request, frozen=True):
    """The first one: which version the client speaks."""

    version: int


class RunProgram(Request, frozen=True):
    """Run a program.

    Attributes:
        program: It.
        policy: None takes the engine's own.
        caller: How pressing it is. Its name is not looked at: who asks is told by the kernel.
        want_output: Send output as it comes.
    """

    program: ProgramData
    policy: Policy | None
    caller: Caller
    want_output: bool


class OpenSession(Request, frozen=True):
    """Open a session, which has the number of this request; the rest is as for a program."""

    policy: Policy | None
    caller: Caller


class RunInSession(Request, frozen=True):
    """Run a program in a session."""

    session: Number
    program: ProgramData
    want_output: bool


class CloseSession(Request, frozen=True):
    """Close a session."""

    session: Number


class Cancel(Request, frozen=True):
    """Cancel the request with this number. It is answered all the same, and this one is not."""


class Explain(Request, frozen=True):
    """As `Engine.explain`."""

    program: ProgramData
    policy: Policy | None


class AskTiers(Request, frozen=True):
    """As `Engine.tiers`."""


class AskStats(Request, frozen=True):
    """As `Engine.stats`."""


class AskRuns(Request, frozen=True):
    """As `Engine.runs`."""


class Kill(Request, frozen=True):
    """As `Engine.kill`."""

    run: Annotated[str, Meta(max_length=64)]


class Shutdown(Request, frozen=True):
    """End the background engine."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """What all answers have.

    Attributes:
        id: The number of the request.
    """

    id: int


class Welcome(Answer, frozen=True):
    """The client is served.

    Attributes:
        pid: Of the engine.
        max_concurrent: How many programs of a batch are worth sending at once.
    """

    pid: int
    max_concurrent: int


class Wrote(Answer, frozen=True):
    """A program has written something; the answer follows."""

    stream: str
    data: bytes


class Done(Answer, frozen=True):
    """A program was run."""

    result: Result


class Failed(Answer, frozen=True):
    """The engine has raised an exception."""

    error: ErrorData


class Cancelled(Answer, frozen=True):
    """The request was cancelled, and what it had begun has ended."""


class Accepted(Answer, frozen=True):
    """What was asked for is done."""


class Explained(Answer, frozen=True):
    """What `Engine.explain` returns."""

    decisions: list[TierDecision]


class ToldTiers(Answer, frozen=True):
    """What `Engine.tiers` returns."""

    tiers: list[TierReport]


class ToldStats(Answer, frozen=True):
    """What `Engine.stats` returns."""

    stats: EngineStats


class ToldRuns(Answer, frozen=True):
    """What `Engine.runs` returns."""

    runs: list[RunInfo]


type AnyRequest = (
    Hello
    | RunProgram
    | OpenSession
    | RunInSession
    | CloseSession
    | Cancel
    | Explain
    | AskTiers
    | AskStats
    | AskRuns
    | Kill
    | Shutdown
)
type AnyAnswer = (
    Welcome | Wrote | Done | Failed | Cancelled | Accepted | Explained | ToldTiers | ToldStats | ToldRuns
)

requests: Unpacker[AnyRequest] = Unpacker(AnyRequest)
answers: Unpacker[AnyAnswer] = Unpacker(AnyAnswer)


def _from_root(file: File) -> File:
    return file if file.path is None else msgspec.structs.replace(file, path=os.path.abspath(file.path))
