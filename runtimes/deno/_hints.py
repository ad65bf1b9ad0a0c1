"""What to do about a result, when this runtime knows. Pure."""

from engine import Result
from runtimes.jails import limit_hint

from ._npm_hint import package_hint

#: In the words of `runtimes/guest_js/modules.js`.
_NOT_GRANTED = "packages are not granted here"


def hint_for(result: Result) -> str | None:
    """Return one sentence of advice, or None."""
    said = result.stderr if result.error is None else result.error.message
    if _NOT_GRANTED in said and "jsr:" not in said:
        return 'if it may import npm packages: `packages = "prefetched"` in the policy, or `--allow-packages`'
    if "jsr:" in said:
        return "packages of jsr cannot be fetched ahead; many are on npm too"
    return package_hint(said, granted=True) or limit_hint(result)
