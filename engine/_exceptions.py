"""What goes wrong on the host. A failing program is not an exception: it is a `Result`.

EngineError
├── ConfigError(ValueError)
├── PolicyUnsupportedError
├── RuntimeUnavailableError
├── RunNotFoundError(LookupError)
├── BackgroundError
├── PoolError
│   ├── PoolClosedError
│   ├── PoolFullError
│   └── PoolTimeoutError(TimeoutError)
└── SandboxError
    ├── SandboxStartError
    ├── SandboxLostError
    └── ProtocolError
"""


class EngineError(Exception):
    """The engine could not do its work.

    Attributes:
        hint: What to do about it; empty when there is nothing better than the message.
        dispatched: Whether the program may have started. False means it is safe to retry.
    """

    def __init__(self, message: str, *, hint: str = "", dispatched: bool = False) -> None:
        super().__init__(message)
        self.hint = hint
        self.dispatched = dispatched


class ConfigError(EngineError, ValueError):
    """A program, option or configuration value is not acceptable; nothing was started."""


class PolicyUnsupportedError(EngineError):
    """No runtime can enforce every clause of the policy for this program.

    Attributes:
        clause: The policy key that could not be enforced.
        runtime: The runtime that was asked.
        capable: Names of runtimes that could enforce the clause.
    """

    def __init__(self, message: str, *, runtime: str, clause: str, capable: tuple[str, ...] = ()) -> None:
        others = f"runtimes that can: {', '.join(capable)}" if capable else "no installed runtime can"
        super().__init__(message, hint=others)
        self.runtime = runtime
        self.clause = clause
        self.capable = capable


class RuntimeUnavailableError(EngineError):
    """A runtime is missing or failed its self-test; `isorun doctor` prints the reason and the fix."""


class RunNotFoundError(EngineError, LookupError):
    """No run in progress has this id: it has ended, or never was."""


class BackgroundError(EngineError):
    """There is no background engine, it has ended, or it does not answer."""


class PoolError(EngineError):
    """No turn was to be had, or no sandbox could be leased."""


class PoolClosedError(PoolError):
    """The pool is closed, or was never opened."""


class PoolFullError(PoolError):
    """As many callers wait as may, or the turn of this one would come too late; nothing was started.

    Attributes:
        retry_after_seconds: When trying again makes sense; 0 where there is nothing to tell it by.
    """

    def __init__(
        self, message: str, *, hint: str = "", dispatched: bool = False, retry_after_seconds: float = 0.0
    ) -> None:
        super().__init__(message, hint=hint, dispatched=dispatched)
        self.retry_after_seconds = retry_after_seconds


class PoolTimeoutError(PoolError, TimeoutError):
    """No turn came, or no sandbox became free, in time."""


class SandboxError(EngineError):
    """One sandbox failed; others are not affected."""


class SandboxStartError(SandboxError):
    """A sandbox did not become ready; nothing of the program ran."""


class SandboxLostError(SandboxError):
    """A sandbox vanished without a verdict and without the program's doing."""


class ProtocolError(SandboxError):
    """A sandbox sent bytes that are not a valid frame; it was discarded."""
