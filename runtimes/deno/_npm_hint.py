"""What to do about a package that a program wants and does not find. Pure."""

import re
from typing import Final

_QUOTED: Final = r"[\"'`](?P<name>[^\"'`\s]{1,100})[\"'`]"
#: For an import without `npm:`, the words are the same with and without packages.
_BARE = re.compile(rf"Import {_QUOTED} not a dependency")
#: What Deno says, here and in `deno check`. The text comes from the program and only names what to look for.
_MISSING = (
    re.compile(rf"npm package not found in cache: {_QUOTED}"),
    re.compile(rf"Failed loading https://registry\.npmjs\.org/\S+ for package {_QUOTED}"),
    re.compile(rf"Could not find constraint {_QUOTED} in the list of packages"),
    re.compile(rf"Could not find npm package {_QUOTED} matching '(?P<version>[^'\s]{{1,60}})'"),
    re.compile(rf"Could not find dist-tag '(?P<version>[^'\s]{{1,60}})' for npm package {_QUOTED}"),
    _BARE,
)
#: Said only where packages are not granted, and by the check alone: programs are refused by the guest code.
_REFUSED = "npm specifiers were requested; but --no-npm"
#: A name with an optional version: it goes into a command that somebody may copy.
_SAFE = re.compile(
    r"(@[a-z0-9_-][a-z0-9._-]*/)?[a-z0-9_-][a-z0-9._-]*(@[a-z0-9^~][a-z0-9.^~+-]*)?", re.I | re.A
)


def package_hint(text: str, *, granted: bool) -> str | None:
    """Return one sentence of advice about a failed import, or None.

    Args:
        text: The program's error message or the diagnostics of a check: untrusted.
        granted: Whether the policy lets programs import packages.
    """
    if "JSR package" in text:
        return "packages of jsr cannot be fetched ahead; many are on npm too"
    if _REFUSED in text or (not granted and _BARE.search(text)):
        return 'the policy grants no packages: `packages = "prefetched"` in it, or `--allow-packages`'
    if not granted:
        return None
    for pattern in _MISSING:
        if match := pattern.search(text):
            return _advice(match)
    return None


def _advice(match: re.Match[str]) -> str:
    version = match.groupdict().get("version")
    name = _package(match["name"])
    wanted = f"{name}@{version}" if version else name
    if not _SAFE.fullmatch(wanted):
        return "the program imports a package that is not there; `isorun setup --npm NAME` fetches one"
    return f"`{wanted}` is not among the npm packages here; `isorun setup --npm {wanted}` fetches it"


def _package(specifier: str) -> str:
    """Return the package of a bare specifier, which may go on with a path inside of it."""
    count = 2 if specifier.startswith("@") else 1
    return "/".join(specifier.split("/")[:count])
