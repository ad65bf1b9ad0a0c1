"""The suite that every runtime must pass, for its author to run too.

A check is a coroutine that uses an engine as anybody would and raises `ConformanceError` when the contract of
`engine.Runtime` is not kept. It takes its programs from a `Language`: a name and a few snippets, so the same
checks serve any language that a runtime runs. A check whose snippets a language lacks does not apply to it.

As a pytest module, with one test for each check:

    CASES = [(language, check) for language in (PYTHON, BASH) for check in checks_for(language)]

    @pytest.mark.parametrize(("language", "check"), CASES)
    async def test_conforms(language: Language, check: Check) -> None:
        async with Engine(runtimes=[MyRuntime()]) as engine:
            await run_check(engine, check, language)

An engine can serve all checks, one after the other. Checks set the limits that they are about and leave the
others as they are in `policies.Limits`. For another language, write a `Language` with those of `SNIPPETS`
that make sense in it. `await run_all(engine, language)` runs all that apply and returns what failed.

The checks say whether a runtime keeps its promises to honest programs. They are no attack suite.
"""

from ._bash import BASH
from ._c import C
from ._check import Check, ConformanceError, Language, Subject
from ._javascript import JAVASCRIPT, TYPESCRIPT
from ._python import PYODIDE, PYTHON
from ._snippets import SNIPPETS
from ._suite import CHECKS, checks_for, run_all, run_check

__all__ = [
    "BASH",
    "CHECKS",
    "JAVASCRIPT",
    "PYODIDE",
    "PYTHON",
    "SNIPPETS",
    "TYPESCRIPT",
    "C",
    "Check",
    "ConformanceError",
    "Language",
    "Subject",
    "checks_for",
    "run_all",
    "run_check",
]
