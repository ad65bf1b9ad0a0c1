"""Why no runtime takes a program: the error that helps most."""

from collections.abc import Sequence

from policies import Policy

from ._exceptions import ConfigError, EngineError, PolicyUnsupportedError, RuntimeUnavailableError
from ._program import Program
from ._refusal import NEEDS, Candidate, Need, Unavailable, covers, either, excluded, languages, refusal
from ._runtime import Capabilities

_ADD_INTERPRETER = "add an interpreter in the configuration under `interpreters`"


def no_route(program: Program, policy: Policy, candidates: Sequence[Candidate]) -> EngineError:
    """Find the reason that helps most: a missing runtime, an unknown language, or a clause."""
    require = policy.isolation.require
    allowed = [one for one in candidates if not excluded(policy, one)]
    if not allowed:
        return _not_installed(require, candidates)
    able = [one for one in allowed if isinstance(one.findings, Capabilities)]
    speaking = [one for one in able if program.language in languages(one)]
    if speaking:
        # What lacks one clause says more than what could not give the program what it needs anyway.
        giving = [one for one in speaking if covers(program, policy, one, "language")]
        return _unsupported(program, policy, giving or speaking, candidates)
    if not able:
        return _unavailable(allowed)
    not_set_up = _not_set_up(program.language, allowed)
    if not_set_up is not None:
        return not_set_up
    others = tuple(one.name for one in candidates if program.language in languages(one))
    if others:
        message = f"the policy requires {either(require)}, which does not run `{program.language}`"
        return PolicyUnsupportedError(
            message, runtime=able[0].name, clause="isolation.require", capable=others
        )
    return _unknown_language(program.language, allowed)


def _not_installed(require: Sequence[str], candidates: Sequence[Candidate]) -> EngineError:
    if not candidates:
        return RuntimeUnavailableError("no runtime is installed", hint="see `isorun doctor`")
    names = ", ".join(f"`{one.name}`" for one in candidates)
    message = f"the policy requires {either(require)}, and installed are only: {names}"
    return PolicyUnsupportedError(message, runtime=require[0], clause="isolation.require")


def _unavailable(allowed: Sequence[Candidate]) -> RuntimeUnavailableError:
    reasons = [
        f"`{one.name}` is not available: {one.findings.reason}"
        for one in allowed
        if isinstance(one.findings, Unavailable)
    ]
    hints = [one.findings.hint for one in allowed if isinstance(one.findings, Unavailable)]
    hint = "\n".join(dict.fromkeys(filter(None, hints))) or "see `isorun doctor`"
    return RuntimeUnavailableError("; ".join(reasons), hint=hint)


def _not_set_up(language: str, candidates: Sequence[Candidate]) -> RuntimeUnavailableError | None:
    for one in candidates:
        if isinstance(one.findings, Capabilities) and language in one.findings.missing:
            message = f"`{language}` is not set up in `{one.name}`"
            return RuntimeUnavailableError(message, hint=one.findings.missing[language])
    return None


def _unknown_language(language: str, candidates: Sequence[Candidate]) -> ConfigError:
    known = sorted(set().union(*map(languages, candidates)))
    return ConfigError(
        f"unknown language `{language}`; known: {', '.join(known)}{_not_asked(candidates)}",
        hint=_hint_for_language(candidates),
    )


def _hint_for_language(candidates: Sequence[Candidate]) -> str:
    """Say first how to get the runtimes that might have known the language."""
    missing = [one.findings.hint for one in candidates if isinstance(one.findings, Unavailable)]
    return "; ".join([*filter(None, dict.fromkeys(missing)), _ADD_INTERPRETER])


def _unsupported(
    program: Program, policy: Policy, speaking: Sequence[Candidate], candidates: Sequence[Candidate]
) -> EngineError:
    first = speaking[0]
    refused = refusal(program, policy, first)
    assert refused is not None, "called only when every candidate is refused"  # noqa: S101
    capable = tuple(one.name for one in candidates if covers(program, policy, one, refused.clause))
    if refused.clause in NEEDS:
        return _unmet(NEEDS[refused.clause], program, policy, capable, candidates)
    message = f"`{first.name}` {refused.reason} (policy key `{refused.clause}`){_not_asked(candidates)}"
    return PolicyUnsupportedError(message, runtime=first.name, clause=refused.clause, capable=capable)


def _unmet(
    need: Need,
    program: Program,
    policy: Policy,
    capable: tuple[str, ...],
    candidates: Sequence[Candidate],
) -> EngineError:
    require = policy.isolation.require
    if capable:
        message = f"the policy requires {either(require)}, which cannot {need.what} `{program.language}`"
        return PolicyUnsupportedError(
            message, runtime=require[0], clause="isolation.require", capable=capable
        )
    able = [one.findings for one in candidates if isinstance(one.findings, Capabilities)]
    possible = sorted(set().union(*map(need.languages, able)))
    message = f"no runtime can {need.what} `{program.language}`{_not_asked(candidates)}"
    there_are = f"; languages for which that works: {', '.join(possible)}" if possible else ""
    return ConfigError(message, hint=f"run it without `{need.clause}`{there_are}")


def _not_asked(candidates: Sequence[Candidate]) -> str:
    """Name the runtimes that might have done it, had they been available."""
    missing = [f"`{one.name}`" for one in candidates if isinstance(one.findings, Unavailable)]
    return f"; not asked because not available: {', '.join(missing)}" if missing else ""
