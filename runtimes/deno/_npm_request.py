"""What `isorun setup --npm` takes: the name of a package, and a version, a range or a tag."""

import re
from typing import NamedTuple, Self, override

from engine._exceptions import ConfigError

#: As the registry allows it today, which older packages with capitals do not follow.
_NAME = r"(?:@[A-Za-z0-9_~-][A-Za-z0-9._~-]*/)?[A-Za-z0-9_~-][A-Za-z0-9._~-]*"
#: What Deno takes after the `@` of an import; a range of several parts, with blanks, is not among that.
_VERSION = r"[A-Za-z0-9^~*<>=|][A-Za-z0-9.^~*<>=|+-]*"
_REQUEST = re.compile(rf"(?:npm:)?(?P<name>{_NAME})(?:@(?P<version>{_VERSION}))?", re.ASCII)
_LONGEST = 214 + 64
#: A range would be content with an older version that another package has brought.
_NEWEST = "latest"


class NpmRequest(NamedTuple):
    """A package to fetch.

    Attributes:
        name: With its scope, if it has one.
        version: Version, range or tag.
    """

    name: str
    version: str = _NEWEST

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `lodash-es`, `lodash-es@4`, `npm:@scope/name@^1.2`.

        Raises:
            ConfigError: It is something else.
        """
        shown = text[:100]
        if text.startswith("jsr:"):
            raise ConfigError(
                f"`{shown}`: packages of jsr cannot be fetched ahead",
                hint="name an npm package; many of jsr are there too",
            )
        match = _REQUEST.fullmatch(text) if len(text) <= _LONGEST else None
        if match is None:
            raise ConfigError(
                f"`{shown}` does not name an npm package", hint="for example `lodash-es@4` or `@scope/name`"
            )
        return cls(match["name"], match["version"] or _NEWEST)

    @override
    def __str__(self) -> str:
        return f"{self.name}@{self.version}"
