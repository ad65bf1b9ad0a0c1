"""The compile stage of a TypeScript program: its types are checked in a jail of its own, nothing is run."""

from collections.abc import Mapping

from engine import Compiled, ConfigError, File, Program, Result, Template
from policies import Policy
from runtimes.environments import Environment
from runtimes.jails import Detail, Handover, encode_request, failure_of, said, stage_of

from ._check import CHECKED_NAME, check_command, check_variables, diagnostics

#: The jail's runner wants a source of its own; this one says nothing.
_NOTHING = b"export {};"


class CheckDetail(Detail, frozen=True, kw_only=True):
    """What a jail for one check is started with."""

    command: tuple[str, ...]
    variables: Mapping[str, str]


def check_template(
    runtime: str,
    policy: Policy,
    environment: Environment,
    binds: Mapping[str, str],
    *,
    has_packages: bool,
) -> Template:
    """Say what a jail for one check is started with."""
    detail = CheckDetail(
        environment=environment,
        binds=binds,
        forks=False,
        command=check_command(has_packages=has_packages, heap_mib=max(512, policy.limits.memory_mib)),
        variables=check_variables(has_packages=has_packages),
    )
    return Template(runtime=runtime, key=(), policy=policy, detail=detail)


def check_program(program: Program, template: Template) -> Program:
    """Return what is handed to the jail: the program as a file beside its input files.

    Raises:
        ConfigError: An input file has the name that the program has for the checker.
    """
    if any(file.name == CHECKED_NAME for file in program.files):
        raise ConfigError(
            f"the input file `{CHECKED_NAME}` has the name that a checked program has",
            hint="give the file another name",
        )
    code = program.code.encode() if isinstance(program.code, str) else program.code
    return Program(
        code=_NOTHING,
        language=program.language,
        files=(*program.files, File(name=CHECKED_NAME, data=code)),
        env=dict(template.detail.variables),
    )


def encode_check(detail: CheckDetail, program: Program, policy: Policy) -> Handover:
    """Encode a check for the runner."""
    return encode_request(
        program,
        policy,
        environment=detail.environment,
        command=detail.command,
        suffix=".ts",
        live=False,
        cgroups=True,
    )


def compiled(program: Program, result: Result) -> Compiled:
    """Make the outcome of the stage from how the checker ended."""
    text = diagnostics(said(result))
    stage = stage_of(result, text)
    return Compiled(program=program, stage=stage, failure=None if result.ok else failure_of(result, text))
