"""A process that runs modules: one, or in a session one after the other."""

from collections.abc import Callable
from functools import partial
from typing import override

from engine import Capabilities, Program, Result, Status, Template
from engine._runtime import Emit
from policies import Policy
from runtimes.jails import Handover, Jailed, JailSandbox, Origin

from ._request import encode_module, encode_next


class ModuleSandbox(JailSandbox):
    """A jail whose process has wasmtime loaded and waits for a module.

    In a session it is told apart by name which modules it has already. What it says of their ends is taken
    for true, as the programs of a session trust each other; the limits stay the warden's.
    """

    def __init__(
        self, template: Template, jailed: Jailed, origin: Origin, capabilities: Capabilities, *, cgroups: bool
    ) -> None:
        encode: Callable[[Program, Policy, bool], Handover] = partial(
            encode_module, template.detail.environment, cgroups=cgroups
        )
        super().__init__(template, jailed, origin, capabilities, encode)
        self._cgroups = cgroups
        self._names: dict[bytes, str] = {}
        self._is_reusable = False

    @override
    async def run_one_of_many(self, program: Program, policy: Policy, emit: Emit | None) -> Result:
        self._is_reusable = False
        code = program.code if isinstance(program.code, bytes) else program.code.encode()
        is_known = code in self._names
        name = self._names.setdefault(code, str(len(self._names)))
        handover = encode_next(
            self._template.detail.environment,
            program,
            policy,
            emit is not None,
            cgroups=self._cgroups,
            name=name,
            is_known=is_known,
            is_first=not self._used,
        )
        try:
            result = await self._run(handover, program, policy, emit)
        except BaseException:
            self._child.kill("cancelled")
            raise
        self._is_reusable = result.status in (Status.OK, Status.ERROR)
        return result

    @override
    def is_reusable(self) -> bool:
        # A kill that came after the program had ended is on its way.
        is_wanted = not self._cancelled and not self._closed
        return self._is_reusable and is_wanted and self._child.is_alive
