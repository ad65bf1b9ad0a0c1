"""Run untrusted or generated code in the lightest isolation that satisfies a policy.

    from engine import Engine, Program

    async with Engine() as engine:
        result = await engine.run(Program(code="print(1)", language="python"))

Names are imported when they are first used: the command line and the warden process import this package too,
and must not pay for what they do not need.
"""

# In place of `typing.TYPE_CHECKING`: the client of the background engine imports this, and not `typing`.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from policies import Limits, Policy, PolicyError

    from ._caller import Caller, Priority
    from ._config import (
        AdmissionConfig,
        AgentConfig,
        BackgroundConfig,
        EngineConfig,
        Interpreter,
        PoolConfig,
        load_config,
    )
    from ._effective import PolicyLike
    from ._engine import Engine
    from ._exceptions import (
        BackgroundError,
        ConfigError,
        EngineError,
        PolicyUnsupportedError,
        PoolClosedError,
        PoolError,
        PoolFullError,
        PoolTimeoutError,
        ProtocolError,
        RunNotFoundError,
        RuntimeUnavailableError,
        SandboxError,
        SandboxLostError,
        SandboxStartError,
    )
    from ._host import Host
    from ._json import result_to_dict, result_to_json
    from ._pool import Lease, Pool
    from ._program import (
        Artifact,
        ErrorInfo,
        File,
        IsolationInfo,
        Output,
        Program,
        Reason,
        Result,
        Stage,
        Status,
        Timing,
        Usage,
    )
    from ._router import TierDecision
    from ._runs import RunInfo
    from ._runtime import Capabilities, Compiled, Emit, Runtime, Sandbox, Template, isolation_of
    from ._session import Session
    from ._stats import (
        AdmissionStats,
        Departure,
        EngineStats,
        Miss,
        PathStats,
        Percentiles,
        PoolStats,
        Rejection,
    )
    from ._tiers import TierReport
    from .background._remote import AnyEngine, RemoteEngine

__all__ = [
    "AdmissionConfig",
    "AdmissionStats",
    "AgentConfig",
    "AnyEngine",
    "Artifact",
    "BackgroundConfig",
    "BackgroundError",
    "Caller",
    "Capabilities",
    "Compiled",
    "ConfigError",
    "Departure",
    "Emit",
    "Engine",
    "EngineConfig",
    "EngineError",
    "EngineStats",
    "ErrorInfo",
    "File",
    "Host",
    "Interpreter",
    "IsolationInfo",
    "Lease",
    "Limits",
    "Miss",
    "Output",
    "PathStats",
    "Percentiles",
    "Policy",
    "PolicyError",
    "PolicyLike",
    "PolicyUnsupportedError",
    "Pool",
    "PoolClosedError",
    "PoolConfig",
    "PoolError",
    "PoolFullError",
    "PoolStats",
    "PoolTimeoutError",
    "Priority",
    "Program",
    "ProtocolError",
    "Reason",
    "Rejection",
    "RemoteEngine",
    "Result",
    "RunInfo",
    "RunNotFoundError",
    "Runtime",
    "RuntimeUnavailableError",
    "Sandbox",
    "SandboxError",
    "SandboxLostError",
    "SandboxStartError",
    "Session",
    "Stage",
    "Status",
    "Template",
    "TierDecision",
    "TierReport",
    "Timing",
    "Usage",
    "isolation_of",
    "load_config",
    "result_to_dict",
    "result_to_json",
]

_HOMES = {
    "policies": (
        "Limits",
        "Policy",
        "PolicyError",
    ),
    "._caller": (
        "Caller",
        "Priority",
    ),
    "._config": (
        "AdmissionConfig",
        "AgentConfig",
        "BackgroundConfig",
        "EngineConfig",
        "Interpreter",
        "PoolConfig",
        "load_config",
    ),
    "._effective": ("PolicyLike",),
    "._engine": ("Engine",),
    "._exceptions": (
        "BackgroundError",
        "ConfigError",
        "EngineError",
        "PolicyUnsupportedError",
        "PoolClosedError",
        "PoolError",
        "PoolFullError",
        "PoolTimeoutError",
        "ProtocolError",
        "RunNotFoundError",
        "RuntimeUnavailableError",
        "SandboxError",
        "SandboxLostError",
        "SandboxStartError",
    ),
    "._host": ("Host",),
    "._json": (
        "result_to_dict",
        "result_to_json",
    ),
    "._pool": (
        "Lease",
        "Pool",
    ),
    "._program": (
        "Artifact",
        "ErrorInfo",
        "File",
        "IsolationInfo",
        "Output",
        "Program",
        "Reason",
        "Result",
        "Stage",
        "Status",
        "Timing",
        "Usage",
    ),
    "._router": ("TierDecision",),
    "._runs": ("RunInfo",),
    "._runtime": (
        "Capabilities",
        "Compiled",
        "Emit",
        "Runtime",
        "Sandbox",
        "Template",
        "isolation_of",
    ),
    "._session": ("Session",),
    "._stats": (
        "AdmissionStats",
        "Departure",
        "EngineStats",
        "Miss",
        "PathStats",
        "Percentiles",
        "PoolStats",
        "Rejection",
    ),
    "._tiers": ("TierReport",),
    ".background._remote": (
        "AnyEngine",
        "RemoteEngine",
    ),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

if not TYPE_CHECKING:  # a type checker sees the imports above, and complains about any other name

    def __getattr__(name: str) -> object:
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(_MODULE_OF[name], __name__), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
