"""The same program without a sandbox, for comparison."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from anyio import to_thread

from engine._process import run_tool

_RUN_SECONDS = 120.0
_COMPILE_SECONDS = 120.0


class Native(NamedTuple):
    """How programs of a language run without a sandbox.

    Attributes:
        command: The path of the source follows; of one that is compiled, nothing but the binary is needed.
        suffix: Of the source file.
        prologue: Put before the source, for example to find packages.
        env: Put over the environment.
        compiler: The path of the source, `-o` and that of the binary follow; nothing for interpreters.
        libraries: The compiler's last arguments.
    """

    command: tuple[str, ...] = ()
    suffix: str = ""
    prologue: str = ""
    env: Mapping[str, str] = MappingProxyType({})
    compiler: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()

    async def output(self, code: str) -> str:
        """Run a program, after compiling it where that is needed, and return what it wrote.

        Raises:
            ToolError: It failed, or does not compile.
        """
        return await to_thread.run_sync(self._output, code)

    def _output(self, code: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, f"program{self.suffix}")
            source.write_text(self.prologue + code, encoding="utf-8")
            argv = [*self.command, str(source)]
            if self.compiler:
                argv = [f"{folder}/program"]
                compile_command = [*self.compiler, str(source), "-o", *argv, *self.libraries]
                run_tool(compile_command, timeout_seconds=_COMPILE_SECONDS)
            return run_tool(argv, timeout_seconds=_RUN_SECONDS, env=self.env)
