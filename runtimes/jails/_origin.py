"""How a sandbox came to be: by its own nsjail, or forked from a zygote."""

from ._request import EXEC_PIDS


class Origin:
    """Of a sandbox with an nsjail of its own.

    Args:
        fallback: Why it was not forked, if it could have been.

    Attributes:
        path: For the result.
        own_pids: Processes of the sandbox itself, counted with those of the program.
    """

    path = "cold"
    own_pids = EXEC_PIDS

    def __init__(self, fallback: str | None = None) -> None:
        self.fallback = fallback

    def is_current(self) -> bool:
        """Whether the sandbox may still be given a program."""
        return True

    def late(self) -> None:
        """Take note that the sandbox was not ready in time, before it is closed."""

    def ended(self, signal: str | None) -> None:
        """Take note of how the program ended."""

    def closed(self) -> None:
        """Take note that nothing is left of the sandbox."""
