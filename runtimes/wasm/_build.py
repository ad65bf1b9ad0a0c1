"""The compile stage: a program becomes machine code in a jail that shows a compiler and sources only."""

import hashlib
from collections.abc import Mapping

import msgspec

from engine import Artifact, ConfigError, File, Program, Result, Template
from policies import Policy
from runtimes.environments import Environment
from runtimes.jails import Detail, Entry, Handover, encode_request, failure_of, said

from ._diagnostics import first_error
from ._languages import LANGUAGES, MODULE, Language, Steps, ending, steps
from ._store import Built
from ._toolchain import TOOLCHAIN, Toolchain

#: Where a compiler that was copied from the host finds its libraries.
_VARIABLES = {"LD_LIBRARY_PATH": f"{TOOLCHAIN}/lib"}
_OUTPUTS = "/box/work/.isorun"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What a module is built from.

    Attributes:
        language: Of the program.
        program: As the user gave it.
        files: The input files that the compiler sees.
        toolchain: That compiles it; None for a module.
    """

    language: Language
    program: Program
    files: tuple[File, ...]
    toolchain: Toolchain | None

    @classmethod
    def of(cls, program: Program, toolchain: Toolchain | None) -> "Source":
        """Take what matters out of a program.

        Raises:
            ConfigError: An input file has the name that the program has for the compiler.
        """
        language = LANGUAGES[program.language]
        files = tuple(file for file in program.files if ending(file.name) in language.endings)
        if any(file.name == language.source for file in files):
            raise ConfigError(
                f"the input file `{language.source}` has the name that the program has for the compiler",
                hint="give the file another name",
            )
        return cls(language=language, program=program, files=files, toolchain=toolchain)

    @property
    def steps(self) -> Steps:
        """The commands that compile it."""
        names = tuple(file.name for file in self.files)
        target = "" if self.toolchain is None else self.toolchain.target
        return steps(self.language, names, tuple(self.program.flags), target)

    def key(self, *engine: str) -> str:
        """Name what comes out of it: equal keys, equal modules.

        Args:
            engine: Names what translates it to machine code.
        """
        code = self.program.code.encode() if isinstance(self.program.code, str) else self.program.code
        files = [(file.name, file.data or b"") for file in sorted(self.files, key=lambda file: file.name)]
        compiler = "" if self.toolchain is None else self.toolchain.hash
        parts = (engine, compiler, self.steps, self.language.source, files, code)
        return hashlib.sha256(msgspec.msgpack.encode(parts)).hexdigest()


class BuildDetail(Detail, frozen=True, kw_only=True):
    """What a jail for one build is started with."""

    source: Source


def build_template(
    runtime: str, source: Source, policy: Policy, environment: Environment, binds: Mapping[str, str]
) -> Template:
    """Say what a jail for one build is started with."""
    detail = BuildDetail(
        environment=environment, binds=binds, preload=("wasmtime", "wasm_build"), source=source
    )
    return Template(runtime=runtime, key=(), policy=policy, detail=detail)


def build_program(source: Source) -> Program:
    """Return what is handed to the jail."""
    return Program(
        code=source.program.code, language=source.program.language, files=source.files, env=_VARIABLES
    )


def encode_build(detail: BuildDetail, program: Program, policy: Policy, *, cgroups: bool) -> Handover:
    """Encode a build for the runner."""
    source = detail.source
    options = {
        "source": source.language.source,
        "steps": source.steps,
        "module": MODULE if source.language.toolchain else source.language.source,
        "outputs": _OUTPUTS,
    }
    return encode_request(
        program,
        policy,
        environment=detail.environment,
        command=None,
        suffix="",
        live=False,
        cgroups=cgroups,
        entry=Entry("wasm_build", options),
    )


def failure(result: Result, source: Source) -> Result:
    """Make what the engine returns out of a build that did not succeed."""
    text = said(result)
    return failure_of(result, text, first_error(text, source.language.source))


def built_of(result: Result) -> tuple[bytes, Built] | None:
    """Return the module and its machine code; None if they are not there, or too large."""
    found: dict[str, Artifact] = {artifact.name: artifact for artifact in result.files}
    module, code = found.get(".isorun/main.wasm"), found.get(".isorun/main.cwasm")
    if module is None or code is None or module.skipped or code.skipped:
        return None
    return module.data, Built(code=code.data, output=said(result))
