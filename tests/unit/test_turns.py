"""Who is next in line: priorities, clients in turn, ageing; and the estimate of how long that takes."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine._caller import Priority
from engine._pace import LEAST_RETRY_SECONDS, UNKNOWN_RETRY_SECONDS, Pace, retry_seconds
from engine._turns import AGEING_SECONDS, Ticket, Turns

CLIENTS = st.sampled_from("abcd")
PRIORITIES: st.SearchStrategy[Priority] = st.sampled_from(["high", "normal", "low"])
TICKETS = st.lists(st.builds(Ticket, CLIENTS, PRIORITIES, st.just(1)), max_size=30)


def ticket(client: str = "a", priority: Priority = "normal") -> Ticket:
    return Ticket(client, priority, 1)


def line_of(tickets: list[Ticket], *, now: float = 0.0) -> Turns[Ticket]:
    line: Turns[Ticket] = Turns()
    for one in tickets:
        line.add(one, now)
    return line


def served(line: Turns[Ticket], *, now: float = 0.0) -> list[Ticket]:
    """Serve all that wait and return them in order."""
    order = []
    while (one := line.first(now)) is not None:
        line.take(one)
        order.append(one)
    return order


def clients_of(tickets: list[Ticket]) -> str:
    return "".join(one.client for one in tickets)


def test_empty_line_has_no_first() -> None:
    assert line_of([]).first(0.0) is None


def test_one_client_is_served_in_order_of_arrival() -> None:
    tickets = [ticket() for _ in range(5)]

    assert served(line_of(tickets)) == tickets


def test_single_request_waits_for_one_of_a_burst() -> None:
    tickets = [*(ticket("burst") for _ in range(100)), ticket("single")]

    assert served(line_of(tickets)).index(tickets[-1]) == 1


def test_clients_alternate_and_one_that_comes_back_stands_behind() -> None:
    line = line_of([ticket("a"), ticket("a"), ticket("a"), ticket("b"), ticket("c")])
    first = line.first(0.0)
    assert first is not None
    line.take(first)
    line.add(ticket("d"), 0.0)

    assert clients_of([first, *served(line)]) == "abcada"


def test_higher_priority_is_served_first() -> None:
    tickets = [ticket(priority="low"), ticket(priority="normal"), ticket(priority="high")]

    assert served(line_of(tickets)) == tickets[::-1]


def test_removed_ticket_is_not_served_and_costs_its_client_nothing() -> None:
    tickets = [ticket("a"), ticket("a"), ticket("b"), ticket("b")]
    line = line_of(tickets)
    line.remove(tickets[0])

    assert served(line) == [tickets[1], tickets[2], tickets[3]]


@pytest.mark.parametrize(("waited", "is_first"), [(AGEING_SECONDS - 0.01, False), (AGEING_SECONDS, True)])
def test_ticket_that_waited_long_enough_counts_one_class_higher(waited: float, is_first: bool) -> None:
    old, new = ticket("old", "low"), ticket("new", "normal")
    line = line_of([old])
    line.add(new, waited)

    order = served(line, now=waited)

    assert (order[0] is old) is is_first


def test_ticket_that_waited_twice_as_long_counts_two_classes_higher() -> None:
    old = ticket("old", "low")
    line = line_of([old])
    line.first(AGEING_SECONDS)
    line.first(2 * AGEING_SECONDS)
    line.add(ticket("new", "high"), 2 * AGEING_SECONDS)

    assert line.first(2 * AGEING_SECONDS) is old


def test_stream_of_high_priority_does_not_starve_low_priority() -> None:
    low = ticket("poor", "low")
    line = line_of([low, ticket("rich", "high")])
    now, count = 0.0, 0
    while low in line:
        line.add(ticket("rich", "high"), now)
        first = line.first(now)
        assert first is not None
        line.take(first)
        now, count = now + 1.0, count + 1
        assert count < 1000

    assert 2 * AGEING_SECONDS <= now <= 2 * AGEING_SECONDS + 3


def test_clock_that_is_set_back_ages_nobody_and_loses_nobody() -> None:
    tickets = [ticket(priority="low"), ticket(priority="low"), ticket(priority="high")]
    line = line_of(tickets, now=1000.0)

    assert served(line, now=0.0) == [tickets[2], tickets[0], tickets[1]]


@settings(max_examples=40)
@given(TICKETS)
def test_every_ticket_is_served_once(tickets: list[Ticket]) -> None:
    line = line_of(tickets)

    order = served(line)

    assert Counter(map(id, order)) == Counter(map(id, tickets))
    assert len(line) == 0


@settings(max_examples=40)
@given(TICKETS)
def test_tickets_of_one_client_and_priority_keep_their_order(tickets: list[Ticket]) -> None:
    order = served(line_of(tickets))

    for client in "abcd":
        for priority in ("high", "normal", "low"):
            came = [one for one in tickets if (one.client, one.priority) == (client, priority)]
            assert came == [one for one in order if one in came]


@settings(max_examples=40)
@given(
    st.lists(CLIENTS, max_size=20).map(lambda names: [ticket(name) for name in ["a", "b", *names]]),
    st.lists(st.tuples(st.booleans(), CLIENTS), max_size=40),
)
def test_clients_that_have_tickets_all_the_time_are_served_equally(
    tickets: list[Ticket], steps: list[tuple[bool, str]]
) -> None:
    """Whatever others add, and whoever of them leaves: `a` and `b` never differ by more than one."""
    line, counts = line_of(tickets), Counter[str]()
    for serves, client in steps:
        for busy in ("a", "b"):
            line.add(ticket(busy), 0.0)
        first = line.first(0.0)
        assert first is not None
        if serves:
            line.take(first)
            counts[first.client] += 1
        elif client in "cd":
            line.add(ticket(client), 0.0)
        else:
            line.remove(first)

        assert abs(counts["a"] - counts["b"]) <= 1


@settings(max_examples=40)
@given(TICKETS, st.lists(st.integers(0, 29), max_size=5))
def test_those_ahead_are_as_many_as_are_served_before(tickets: list[Ticket], gone: list[int]) -> None:
    line = line_of(tickets)
    for index in set(gone):
        if index < len(tickets):
            line.remove(tickets[index])
    told = {id(one): line.ahead(one) for one in tickets if one in line}

    order = served(line)

    assert told == {id(one): index for index, one in enumerate(order)}


def test_clearing_returns_all() -> None:
    tickets = [ticket("a"), ticket("b", "low")]
    line = line_of(tickets)

    assert line.clear() == tickets
    assert (len(line), line.first(0.0)) == (0, None)


def test_who_fills_the_line_loses_its_last_and_lowest_ticket() -> None:
    greedy = [ticket("greedy", "low"), ticket("greedy", "low"), ticket("greedy", "high")]
    newcomer = ticket("new")
    line = line_of([*greedy, newcomer])

    assert line.to_drop(newcomer) is greedy[1]


def test_newcomer_loses_when_nobody_has_more_than_its_client() -> None:
    newcomer = ticket("a")
    line = line_of([ticket("a"), ticket("b"), ticket("b"), newcomer])

    assert line.to_drop(newcomer) is newcomer


def test_without_a_turn_that_ended_there_is_no_estimate() -> None:
    assert Pace().seconds_until(5, at_once=2) is None


def test_estimate_follows_the_last_turns() -> None:
    pace = Pace()
    pace.add(100.0)
    for _ in range(100):
        pace.add(2.0)

    assert pace.seconds_until(12, at_once=3) == pytest.approx(8.0, rel=0.01)


def test_turn_of_negative_length_counts_as_none() -> None:
    pace = Pace()
    pace.add(-5.0)

    assert pace.seconds_until(3, at_once=0) == 0.0


@pytest.mark.parametrize(
    ("estimate", "told"),
    [
        (None, UNKNOWN_RETRY_SECONDS),
        (-1.0, LEAST_RETRY_SECONDS),
        (0.01, LEAST_RETRY_SECONDS),
        (2.31, 2.4),
        (9.99, 10.0),
        (12.1, 13.0),
    ],
)
def test_time_to_try_again_is_rounded_up(estimate: float | None, told: float) -> None:
    assert retry_seconds(estimate) == told
