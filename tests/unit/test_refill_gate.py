"""Turns to refill: one at a time, the most worth first, and not while programs need the processors."""

import math

import anyio

from engine._refill_gate import RefillGate

from ._pools import settle


class Visitor:
    """Takes a turn and holds it until told."""

    def __init__(self, gate: RefillGate, *, worth: float = 1.0, patience: float = math.inf) -> None:
        self.gate = gate
        self.worth = worth
        self.patience = patience
        self.inside = False
        self.done = False
        self.leave = anyio.Event()
        self.scope = anyio.CancelScope()

    async def visit(self) -> None:
        with self.scope:
            async with self.gate.turn(lambda: self.worth, patience_seconds=self.patience):
                self.inside = True
                await self.leave.wait()
        self.inside = False
        self.done = True


async def test_second_waits_for_the_first() -> None:
    gate = RefillGate(processors=8)
    first, second = Visitor(gate), Visitor(gate)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first.visit)
        await settle()
        tasks.start_soon(second.visit)
        await settle()
        assert (first.inside, second.inside) == (True, False)

        first.leave.set()
        await settle()

        assert second.inside
        second.leave.set()


async def test_turn_goes_to_the_one_that_is_worth_most_when_it_is_free() -> None:
    gate = RefillGate(processors=8)
    first, cold, hot = Visitor(gate), Visitor(gate, worth=5.0), Visitor(gate, worth=2.0)
    async with anyio.create_task_group() as tasks:
        for visitor in (first, cold, hot):
            tasks.start_soon(visitor.visit)
            await settle()
        cold.worth = 1.0

        first.leave.set()
        await settle()

        assert (cold.inside, hot.inside) == (False, True)
        hot.leave.set()
        cold.leave.set()


async def test_turn_begins_below_as_many_leases_as_processors() -> None:
    gate = RefillGate(processors=2)
    visitor = Visitor(gate)
    async with anyio.create_task_group() as tasks:
        gate.lease_began()

        tasks.start_soon(visitor.visit)
        await settle()

        assert visitor.inside
        visitor.leave.set()


async def test_turn_waits_for_a_lease_to_end_while_all_processors_are_taken() -> None:
    gate = RefillGate(processors=2)
    visitor = Visitor(gate)
    async with anyio.create_task_group() as tasks:
        gate.lease_began()
        gate.lease_began()
        tasks.start_soon(visitor.visit)
        await settle()
        assert not visitor.inside

        gate.lease_ended()
        await settle()

        assert visitor.inside
        visitor.leave.set()


async def test_patience_with_long_leases_ends() -> None:
    gate = RefillGate(processors=1)
    visitor = Visitor(gate, patience=0.001)
    visitor.leave.set()
    gate.lease_began()

    await visitor.visit()

    assert visitor.done


async def test_impatient_one_still_waits_for_the_turn_of_another() -> None:
    gate = RefillGate(processors=1)
    first, second = Visitor(gate), Visitor(gate, patience=0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first.visit)
        await settle()
        gate.lease_began()

        tasks.start_soon(second.visit)
        await settle()

        assert not second.inside
        first.leave.set()
        second.leave.set()


async def test_cancelled_one_leaves_the_turn_to_the_next() -> None:
    gate = RefillGate(processors=8)
    first, waiting, last = Visitor(gate), Visitor(gate, worth=9.0), Visitor(gate)
    async with anyio.create_task_group() as tasks:
        for visitor in (first, waiting, last):
            tasks.start_soon(visitor.visit)
            await settle()

        waiting.scope.cancel()
        first.scope.cancel()
        await settle()

        assert (first.done, waiting.done, last.inside) == (True, True, True)
        last.leave.set()


async def test_one_that_is_cancelled_as_it_is_called_leaves_the_turn_to_the_next() -> None:
    gate = RefillGate(processors=8)
    first, called, last = Visitor(gate), Visitor(gate, worth=9.0), Visitor(gate)
    async with anyio.create_task_group() as tasks:
        for visitor in (first, called, last):
            tasks.start_soon(visitor.visit)
            await settle()

        first.leave.set()
        called.scope.cancel()
        await settle()

        assert last.inside
        last.leave.set()


async def test_without_a_number_the_kernel_says_how_many_processors_there_are() -> None:
    gate = RefillGate()
    visitor = Visitor(gate)
    visitor.leave.set()

    await visitor.visit()

    assert visitor.done
