"""Beside every attack as an input file: counts what was tried and names what got through."""

import asyncio

from pyodide.code import run_js

PATIENCE_SECONDS = 1
tried = []
escaped = []

# What is refused later, outside of the call, is refused as well.
run_js("for (const e of ['error', 'unhandledrejection']) addEventListener(e, (one) => one.preventDefault())")


def attempt(name, call, *arguments):
    """Try one thing; it got through if the call returns something true, at once or as a promise."""
    tried.append(name)
    try:
        got = call(*arguments)
        if hasattr(got, "then"):
            got = asyncio.run(asyncio.wait_for(got, PATIENCE_SECONDS))
    except BaseException:
        return
    if got:
        escaped.append(f"{name}: {got!r}"[:300])


def works(call, *arguments):
    """Whether a call does not raise, for calls that return nothing."""
    call(*arguments)
    return True


def outcome():
    """Return what the harness looks at."""
    return {"tried": len(tried), "escaped": escaped}
