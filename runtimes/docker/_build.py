"""The compile stage: in a container of its own, under the policy's bounds for compilers."""

import msgspec

from engine import Compiled, File, Program, Result
from policies import Policy
from runtimes.jails import failure_of, said, stage_of, stage_policy

from ._languages import LANGUAGES, PRODUCT, java_main


def stage_bounds(policy: Policy) -> Policy:
    """Return what a compile stage runs under: the same container, the bounds for compilers, and no grant."""
    return msgspec.structs.replace(stage_policy(policy.compile), docker=policy.docker)


def builder(program: Program) -> Program:
    """Return the program that compiles another one, with its input files beside it."""
    build = LANGUAGES[program.language].build
    assert build is not None, "asked only where there is a compiler"  # noqa: S101
    source = program.code if isinstance(program.code, str) else program.code.decode("utf-8", "replace")
    name = build.source_name(source)
    others = [file for file in program.files if file.name != name]
    return Program(
        code=build.script,
        language="sh",
        args=(name, java_main(source)),
        files=(*others, File(name=name, data=source.encode())),
    )


def compiled(program: Program, result: Result) -> Compiled:
    """Return what came of it."""
    text = said(result)
    stage = stage_of(result, text)
    product = next((file for file in result.files if file.name == PRODUCT), None)
    if result.ok and product is not None and product.skipped is None:
        return Compiled(program=msgspec.structs.replace(program, code=product.data), stage=stage)
    return Compiled(program=program, stage=stage, failure=failure_of(result, text))
