"""Configuration of the engine: defaults < TOML file < environment < arguments."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from policies import Config

from ._exceptions import ConfigError

#: Environment variable -> key. The whole list; nothing else is read from the environment.
ENVIRONMENT_KEYS = {
    "ISORUN_CACHE_DIR": "cache-dir",
    "ISORUN_DENO": "deno",
    "ISORUN_NSJAIL": "nsjail",
    "ISORUN_POLICY": "policy",
}


class Interpreter(Config, frozen=True):
    """A program that runs source files of one language, started by `exec` inside the jail.

    Attributes:
        command: Absolute path below `/usr` or `/bin`, then arguments; the source file comes last.
        suffix: Ending of the source file, with the dot.
    """

    command: tuple[str, ...]
    suffix: str = ""


class PoolConfig(Config, frozen=True):
    """How many sandboxes wait and live at once, per template, and what all that wait may occupy.

    Attributes:
        warm: Sandboxes kept ready at least; with 0, and `max_warm` 0, each is started on demand.
        max_warm: Sandboxes kept ready at most. Between the two, as many as the demand makes worth while; no
            more than `warm` where this is less.
        max_size: Sandboxes alive at once, waiting and leased together.
        max_waiting: Callers that may wait for one.
        acquire_seconds: How long a caller waits.
        fork: Start sandboxes as copies of a process that has done its imports, where the runtime has one.
            All copies of one have the same string hashes and memory layout.
        idle_memory_mib: What the sandboxes that wait may occupy, of all pools together; 0 takes an eighth of
            the machine's memory.
        idle_processes: How many processes they may be, of all pools together.
    """

    warm: Annotated[int, Meta(ge=0, le=1024)] = 1
    max_warm: Annotated[int, Meta(ge=0, le=1024)] = 4
    max_size: Annotated[int, Meta(ge=1, le=1024)] = 8
    max_waiting: Annotated[int, Meta(ge=0, le=100_000)] = 1024
    acquire_seconds: Annotated[float, Meta(gt=0, le=86_400)] = 300.0
    fork: bool = True
    idle_memory_mib: Annotated[int, Meta(ge=0, le=16_777_216)] = 0
    idle_processes: Annotated[int, Meta(ge=1, le=100_000)] = 256


class AdmissionConfig(Config, frozen=True):
    """How many programs run at once, and how many wait for their turn.

    Attributes:
        max_running: Programs that run at once, in all runtimes together; 0 takes four for each processor that
            we may use, and at least 8.
        memory_mib: What the memory limits of all programs that run at once may add up to; 0 takes three
            quarters of the machine's memory.
        max_waiting: Callers that may wait for their turn.
        wait_seconds: How long a caller waits that does not say how long it would.
    """

    max_running: Annotated[int, Meta(ge=0, le=10_000)] = 0
    memory_mib: Annotated[int, Meta(ge=0, le=16_777_216)] = 0
    max_waiting: Annotated[int, Meta(ge=0, le=100_000)] = 1024
    wait_seconds: Annotated[float, Meta(gt=0, le=86_400)] = 300.0


class BackgroundConfig(Config, frozen=True):
    """The engine that `isorun up` starts.

    Attributes:
        idle_seconds: It ends after so long without a request; 0 lets it stay.
    """

    idle_seconds: Annotated[float, Meta(ge=0, le=31_536_000)] = 1800.0


class AgentConfig(Config, frozen=True):
    """Settings of the agent, for `isorun agent`.

    Attributes:
        model: A name of `isorun model list`, the path of a GGUF file, or the address of an endpoint on this
            machine; empty takes the default.
        context_tokens: Of a local model: for a question and its answer.
        threads: Of a local model; 0 takes one for each processor that we may use.
        gpu_layers: Layers that a graphics card computes, where the library was built for one; -1 for all.
    """

    model: str = ""
    context_tokens: Annotated[int, Meta(ge=512, le=1_048_576)] = 4096
    threads: Annotated[int, Meta(ge=0, le=1024)] = 0
    gpu_layers: Annotated[int, Meta(ge=-1, le=10_000)] = 0


class EngineConfig(Config, frozen=True):
    """Settings of one engine; every field has a default that works.

    Attributes:
        cache_dir: Guest environments and tools; shared between engines of this user.
        nsjail: Path of the nsjail binary; None searches (see `isorun doctor`).
        deno: Path of the Deno binary; None searches.
        policy: Preset or file used when a call names none.
        pool: Sizes of the warm pools.
        admission: How many programs run and wait.
        background: The engine that `isorun up` starts.
        interpreters: Languages added to the built-in ones, by name.
        agent: The model that `isorun agent` asks.
    """

    cache_dir: str = ""
    nsjail: str | None = None
    deno: str | None = None
    policy: str = "default"
    pool: PoolConfig = PoolConfig()
    admission: AdmissionConfig = AdmissionConfig()
    background: BackgroundConfig = BackgroundConfig()
    interpreters: dict[str, Interpreter] = msgspec.field(default_factory=dict)
    agent: AgentConfig = AgentConfig()

    @property
    def cache(self) -> Path:
        """The cache folder, the user's own by default."""
        return Path(self.cache_dir) if self.cache_dir else default_cache_dir()


def default_cache_dir() -> Path:
    """Return `$XDG_CACHE_HOME/isorun`, or `~/.cache/isorun`; for root `/var/cache/isorun`.

    A jail runs under another uid and must be able to read its interpreter: root's home is closed to it.
    """
    if os.geteuid() == 0:
        return Path("/var/cache/isorun")
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "isorun"


def default_config_file() -> Path:
    """Return `$XDG_CONFIG_HOME/isorun/config.toml`, or the same below `~/.config`."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "isorun" / "config.toml"


def load_config(
    file: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> EngineConfig:
    """Read the configuration from all layers.

    Args:
        file: A TOML file that must exist; None reads the user's own if there is one.
        environ: Taken instead of `os.environ`.
        overrides: Kebab-case keys from the command line; None values are left out.

    Raises:
        ConfigError: A layer is malformed; the message names the layer and the key.
    """
    data, source = _from_file(file)
    environ = os.environ if environ is None else environ
    for variable, key in ENVIRONMENT_KEYS.items():
        if environ.get(variable):
            data[key] = environ[variable]
    for key, value in (overrides or {}).items():
        if value is not None:
            data[key] = value
    try:
        return msgspec.convert(data, EngineConfig)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:  # the latter of half a surrogate pair
        raise ConfigError(f"{source}: {error}", hint="keys: see docs/configuration.md") from error


def _from_file(file: Path | None) -> tuple[dict[str, Any], str]:
    path = file or default_config_file()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if file is not None:
            raise ConfigError(f"{path}: no such configuration file") from None
        return {}, "configuration"
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    try:
        return tomllib.loads(text), str(path)
    # Not TOMLDecodeError alone: a number of thousands of digits is refused by `int` itself.
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
