"""What is read of a question, so that no model has to copy it."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent._question_data import NO_DATA, data_of

#: What tables are made of, and whole entries.
_PIECES = (
    *(
        "item 1: 3 kg, worth 4\n",
        "item 2: 5 kg, worth 0.5\n",
        "A: 1, 2\n",
        "B: 7\n",
        "C: x, y\n",
        "D: (1, 2)\n",
    ),
    *(
        "1->2: 7; ",
        "2->3: -4; ",
        "A-B, ",
        "B-C, ",
        "Ann and Ben; ",
        "[1, 2, 3]",
        "[[4, 5], [6]] ",
        "(a or not b) ",
    ),
    *("| job | 3 |\n", "| hat | -4.5 |\n", "|---|---|\n", "| what | due\r1 |\n", "|", "\r"),
    *("saw 1 for 3 min, ", "4 5 6\n", "7 8 9\n", "10, 20, 30, 40 and 50 cm"),
    *(
        "1",
        "-2",
        "3.5",
        " ",
        ", ",
        "; ",
        ": ",
        "\n",
        "\n",
        ". ",
        "A",
        "J3",
        "J4",
        "to ",
        "and ",
        "not ",
        " or ",
    ),
    *(
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "->",
        "-",
        "=",
        "'",
        "...",
        "item 1: ",
        "item 2: ",
        "kg",
        "class ",
        "\u00e9",
        "\u0663",
    ),
)
_ORDERS = "order 1: takes 4 hours, wanted by hour 9\norder 2: takes 6 hours, wanted by hour 7"


def read(question: str) -> dict[str, object]:
    return {one.name: one.value for one in data_of(question).given}


@pytest.mark.parametrize(
    ("question", "values"),
    [
        (f"Two orders:\n{_ORDERS}\nWhich first?", {"takes": [4, 6], "wanteds": [9, 7]}),
        ("Sizes:\nbox 1: 3 litres\nbox 2: 5 litres\nWhich?", {"litres": [3, 5]}),
        ("Costs:\n4 9 12\n7 1 3\nCheapest?", {"rows": [[4, 9, 12], [7, 1, 3]]}),
        ("Costs:\n[4, 9]\n[7, 1]\nCheapest?", {"rows": [[4, 9], [7, 1]]}),
        ("Costs:\nAnn: 4, 9\nBen: 7, 1\nCheapest?", {"rows": [[4, 9], [7, 1]]}),
        ("Teams:\nA: 1, 4, 5\nB: 2\nC: 3, 4\nFewest?", {"sets": {"A": [1, 4, 5], "B": [2], "C": [3, 4]}}),
        ("Teams:\nA: {tea, milk}\nB: {milk}\nFewest?", {"sets": {"A": ["tea", "milk"], "B": ["milk"]}}),
        ("A field:\nLength: 30\nWidth: 20\nIts area?", {"values": {"Length": 30, "Width": 20}}),
        ("Fees:\n| | A | B |\n|---|---|---|\n| Ann | 4 | 9 |\n| Ben | 7 | 1 |\n", {"rows": [[4, 9], [7, 1]]}),
        ("Fees:\n| A | 4 | 9 |\n| B | 7 | 1 |\n", {"rows": [[4, 9], [7, 1]]}),
        (
            "Jobs:\n| job | hours | due |\n|:--|---:|---:|\n| a | 4 | 9.5 |\n| b | 7 | 11 |\n",
            {"hours": [4, 7], "dues": [9.5, 11]},
        ),
        (
            "Projects: P1 costs 4 and yields 9; P2 costs 3 and yields 2; P3 costs 5 and yields 6. Best?",
            {
                "costs": [4, 3, 5],
                "yields": [9, 2, 6],
            },
        ),
        (
            "Ways: Ann - Ben; Ben - Cem; Cem - Dora. How?",
            {"edges": [("Ann", "Ben"), ("Ben", "Cem"), ("Cem", "Dora")]},
        ),
        ("Posts: A(3, 4), B(5, 6), C (7, 8). How far?", {"points": [(3, 4), (5, 6), (7, 8)]}),
        ("Rules:\n1. a or b\n2. not a or c\n3. b or c\n", {"clauses": ["a or b", "not a or c", "b or c"]}),
        (
            "Dishes:\ndish 1: pan 2 9 min -> pan 1 2 min\ndish 2: pan 1 3 min -> pan 2 4 min\n",
            {
                "dishes": [[(2, 9), (1, 2)], [(1, 3), (2, 4)]],
            },
        ),
        ("Places:\nA: (1, 2)\nB: (3, 5)\nFar?", {"points": [(1, 2), (3, 5)]}),
        (
            "Parts:\nbolt 1: lathe 2 for 5 min, then lathe 1 for 3 min\n"
            "bolt 2: lathe 1 for 4 min, lathe 2 for 6 min\n",
            {"bolts": [[(2, 5), (1, 3)], [(1, 4), (2, 6)]]},
        ),
        ("Roads: 1->2: 7; 2->3: 4; 1->3: 12. How far?", {"edges": [(1, 2, 7), (2, 3, 4), (1, 3, 12)]}),
        ("Roads:\n1 -> 2: 7 km\n2 -> 3: 4 km\nHow far?", {"edges": [(1, 2, 7), (2, 3, 4)]}),
        ("May not meet: Q1-Q2, Q2-Q5, Q1-Q5.", {"edges": [("Q1", "Q2"), ("Q2", "Q5"), ("Q1", "Q5")]}),
        (
            "These are at odds: Ann and Ben; Ben and Cem; Cem and Dora. How many?",
            {"edges": [("Ann", "Ben"), ("Ben", "Cem"), ("Cem", "Dora")]},
        ),
        (
            "Can (a1 or not a2) and (a2 or a3) and (not a1 or a3) hold?",
            {"clauses": ["a1 or not a2", "a2 or a3", "not a1 or a3"]},
        ),
        (
            "Wishes:\na or b\nnot a or c\nb or not c\nAll?",
            {"clauses": ["a or b", "not a or c", "b or not c"]},
        ),
        ("Coins of values [2, 5, 9] are there.", {"values": [2, 5, 9]}),
        # Columns of one kind are a matrix; x and y are places; names in cells are sets or pairs.
        (
            "| | site 1 | site 2 |\n|---|---|---|\n| Ann | 4 | 9 |\n| Ben | 7 | 1 |\n",
            {"rows": [[4, 9], [7, 1]]},
        ),
        (
            "| pad | x (mm) | y (mm) |\n|---|---|---|\n| P | 4 | 9 |\n| Q | 7 | 1 |\n",
            {"points": [(4, 9), (7, 1)]},
        ),
        (
            "| pack | cards |\n|---|---|\n| A | 1, 4, 5 |\n| B | 2 |\n| C | 3, 4 |\n",
            {"sets": {"A": [1, 4, 5], "B": [2], "C": [3, 4]}},
        ),
        (
            "| test | covers |\n|---|---|\n| t1 | R1 R4 |\n| t2 | R2 |\n",
            {"sets": {"t1": ["R1", "R4"], "t2": ["R2"]}},
        ),
        ("| no. | hours |\n|---|---|\n| 1 | 4 |\n| 2 | 7 |\n", {"hours": [4, 7]}),
        # CSV, with or without a fence around it.
        ("Hosts:\n```\nname,ram_gb\nvm-1,48\nvm-2,28\n```\nHow many?", {"ram_gbs": [48, 28]}),
        ("id;x;y\n0;44;45\n1;18;40\n2;49;11\nHow far?", {"points": [(44, 45), (18, 40), (49, 11)]}),
        ("lot;near\nA;B\nB;C\nA;C\nHow many?", {"edges": [("A", "B"), ("B", "C"), ("A", "C")]}),
        # Lines without names that say the same, but for their numbers.
        ("It may weigh 9 kg:\n3 kg, brings 4\n5 kg, brings 6\n", {"kg": [3, 5], "brings": [4, 6]}),
        ("* 38 people\n* 42 people\n* 39 people\n", {"peoples": [38, 42, 39]}),
        ("Loads: a: s1=6, s2=32\nb: s1=14, s2=8\n", {}),
        ("Loads:\na: s1=6, s2=32\nb: s1=14, s2=8\n", {"rows": [(6, 32), (14, 8)]}),
        # Pairs with other signs, or in brackets.
        ("Foes:\nann <-> ben\nben <-> cem\n", {"edges": [("ann", "ben"), ("ben", "cem")]}),
        (
            "Foes: Ann & Ben; Ben & Cem; Ann & Cem.",
            {"edges": [("Ann", "Ben"), ("Ben", "Cem"), ("Ann", "Cem")]},
        ),
        (
            "Edges {A, B}, {B, C}, {A, C}.",
            {"edges": [("A", "B"), ("B", "C"), ("A", "C")]},
        ),
        (
            "Apart: (Ann, Uncle Ray) (Ben, Ann) (Ben, Great-Aunt Flo).",
            {"edges": [("Ann", "Uncle Ray"), ("Ben", "Ann"), ("Ben", "Great-Aunt Flo")]},
        ),
        (
            "Foes:\n- Ann dislikes Ben\n- Ben dislikes Cem\n- Ann dislikes Cem\n",
            {"edges": [("Ann", "Ben"), ("Ben", "Cem"), ("Ann", "Cem")]},
        ),
        ("Edges: A-B A-C B-D C-D. Colours?", {"edges": [("A", "B"), ("A", "C"), ("B", "D"), ("C", "D")]}),
        # The graph itself is no pair.
        ("G = (V, E) with {a, b}, {b, c}, {a, c}.", {"edges": [("a", "b"), ("b", "c"), ("a", "c")]}),
        # Columns that belong together.
        ("| lot | from | to | km |\n|---|---|---|---|\n| 7 | a1 | b1 | 4 |\n| 8 | b1 | c1 | 5 |\n", {}),
        ("from,to,cost\n0,1,4\n1,2,5\n0,2,9\n", {"edges": [(0, 1, 4), (1, 2, 5), (0, 2, 9)]}),
        (
            "| talk | start | end |\n|---|---|---|\n| a | 9 | 12 |\n| b | 10 | 11 |\n",
            {"intervals": [(9, 12), (10, 11)]},
        ),
        # Lists by what they are, and numbers beside them.
        ("weights: 3, 5, 8, 9\nvalues: 4, 4, 7, 1\n", {"weights": [3, 5, 8, 9], "values": [4, 4, 7, 1]}),
        ("Ann: 3, 5, 8, 9\nBen: 4, 4, 7, 1\n", {"rows": [[3, 5, 8, 9], [4, 4, 7, 1]]}),
        # Numbers from 1 on may be data.
        ("| day | km |\n|---|---|\n| 1 | 4 |\n| 2 | 7 |\n", {"days": [1, 2], "km": [4, 7]}),
        ("1 kg costs 4; 2 kg costs 7; 3 kg costs 9.", {"kg": [1, 2, 3], "kg2": [4, 7, 9]}),
        ("parts: 3, 5, 8\nlimit: 9\n", {"parts": [3, 5, 8], "values": {"limit": 9}}),
        ("Prices: 352 / 71 / 79 / 203. Which?", {"numbers": [352, 71, 79, 203]}),
        (
            "Of 1, 2, 4 and 9, 3, 5, 6 and 7, or 2, 8, 9 and 4.",
            {"rows": [[1, 2, 4, 9], [3, 5, 6, 7], [2, 8, 9, 4]]},
        ),
        (
            "A = {1, 2, 4, 9}, B = {3, 5, 6, 7}, C = {2, 8, 9, 1}, D = {4, 5, 6, 8}.",
            {"sets": {"A": [1, 2, 4, 9], "B": [3, 5, 6, 7], "C": [2, 8, 9, 1], "D": [4, 5, 6, 8]}},
        ),
        # Rows of one line, and sets that a sentence names.
        (
            "Bids: lot 1 costs 4 and brings 9; lot 2 costs 3 and brings 2; lot 3 costs 5 and brings 6. Best?",
            {"costs": [4, 3, 5], "brings": [9, 2, 6]},
        ),
        ("Rooms: room 1 \u2013 29 h; room 2 \u2013 41 h; room 3 \u2013 21 h.", {"values": [29, 41, 21]}),
        (
            "mast A reaches villages 1, 4 and 5\nmast B reaches village 2\nmast C reaches villages 3 and 4\n",
            {"sets": {"A": [1, 4, 5], "B": [2], "C": [3, 4]}},
        ),
        # Conditions in words: two states of things that have names.
        (
            "1. vent 1 is open or vent 2 is closed\n2. vent 2 is open or vent 3 is open\n"
            "3. vent 3 is closed or vent 1 is closed\n",
            {"clauses": ["x1 or not x2", "x2 or x3", "not x3 or not x1"]},
        ),
        (
            "- ham, no olives or no corn\n- no ham or olives\n- corn or olives\n",
            {"clauses": ["ham or not olives or not corn", "not ham or olives", "corn or olives"]},
        ),
        (
            "Votes: (for 1, against 2); (against 1, for 3); (for 2, against 3)",
            {"clauses": ["x1 or not x2", "not x1 or x3", "x2 or not x3"]},
        ),
        (
            "assert not a or b\nassert a or c\nassert not b or not c\n",
            {"clauses": ["not a or b", "a or c", "not b or not c"]},
        ),
        (
            "J1: [(2, 3), (1, 2)]; J2: [(1, 6), (2, 2)]",
            {"j1": [(2, 3), (1, 2)], "j2": [(1, 6), (2, 2)]},
        ),
        # Times of a day are left as they are.
        (
            "Talks:\nA: 9:30-10:15\nB: 10:00 to 11:00\nC: 10:15\u201312:00\n",
            {"intervals": [("9:30", "10:15"), ("10:00", "11:00"), ("10:15", "12:00")]},
        ),
        ("limits = [[1, 2], [3, 4]] and costs = [5, 6, 7]", {"limits": [[1, 2], [3, 4]], "costs": [5, 6, 7]}),
        ("Planks of 30, 45, 12 and 80 cm.", {"numbers": [30, 45, 12, 80]}),
        ("Of 2, 3, 5 and 7 kg for 9, 8, 6 and 5.", {"numbers": [2, 3, 5, 7], "numbers2": [9, 8, 6, 5]}),
        ("Fees are [3, 4]. Costs:\n[4, 9]\n[7, 1]\n", {"fees": [3, 4], "rows": [[4, 9], [7, 1]]}),
    ],
)
def test_tables_and_lists_are_read(question: str, values: dict[str, object]) -> None:
    assert read(question) == values


@pytest.mark.parametrize(
    "question",
    [
        "",
        "Tom has 3 apples, 4 pears and 5 plums. How many fruits has he?",
        "Faces are numbered 1, 2, 3, 4, 5 and 6.",
        "Which is larger, [3] or 4?",
        "order 1: takes 4 hours, due 9\nsomething else\norder 2: takes 6 hours, due 7\n",
        "order 1: takes 4 hours, due 9\norder 2: takes 6 hours\norder 3: takes 1 hour, due 7\n",
        "shift 1: 9:30\nshift 2: 10:45\n",
        "town 1: 1,200 people\ntown 2: 3,400 people\n",
        "Roads: 1->2: 7; 2->3: 4, closed; 1->3: 12.",
        "[[[[[[1, 2, 3",
        "numbers = [1, 2, foo()]",
        "numbers = [1, 2, ...]",
        "Fees:\n| A | 4 | 9 |\n| B | 7 |\n",
        "Fees:\n| A | 4 | 9 |\n| B | 7 | - |\n",
        "Fees:\n| A | 4 | 9 |\n",
        "numbers = [1, 2, 1e999]",
        "numbers = [1, 2, {3: 4}]",
        "Teams:\nA: 1, 2\nB: 3\nA: 4, 5, 6\nFewest?",
        "Lengths:\nLong: 30\nLong: 20\n",
        f"Planks of 30, {'9' * 5000}, 20, 10 and 5 cm.",
        "a\n" * 30_000,
        # Of several lists or lines that are alike none is left out.
        "Masts: A reaches 1, 2, 3 and 4, B reaches 5 and 6, C reaches 3, 4, 5 and 7.",
        "job 1: saw 3\njob 2: saw 4, lathe 5\njob 3: saw 6, lathe 7\n",
        "Foes: A-B; B-C; C-D.\nAlso: A-C; B-D.\n",
        "Talks: 9:30-10:15, 10:00-11:00, 11:30-12:00, and lunch at 12:30.",
        "Apart: (A, B) (B, C) (C, 4) (A, D).",
        # A sentence in a cell, and one for each row.
        "| bed | rule |\n|---|---|\n| 1 | vent 1 or vent 2 |\n| 2 | vent 3 or not vent 1 |\n",
        "From 1 to 1-6 it is 4, 5\nFrom 2 to 1-6 it is 6, 7\n",
        "name,hours\nAnn,4\nBen,5\n\nname,days\nAnn,1\nBen,2\n",
        "1. tea or milk\n2. take it black or leave it\n3. sugar, honey or nothing at all\n",
        "- it is hot or cold\n- he is in or out\n- she is up or down\n",
        "Ann knows Ben\nBen likes Cem\nAnn knows Cem\n",
        "Ann, Ben and Cem came.\nDora, Eve and Finn did not.\nGuy, Hal and Ida might.\n",
    ],
)
def test_what_is_unclear_is_not_read(question: str) -> None:
    assert data_of(question) == NO_DATA


def test_name_that_a_program_needs_otherwise_is_not_taken() -> None:
    assert list(read("sum = [1, 2, 4] and lambda = [3, 5, 7]")) == ["sums", "lambdas"]
    assert list(read("a: class 4, len 3\nb: class 5, len 2\n")) == ["class_", "lens"]


def test_numbers_beside_the_data_are_those_that_say_how_much() -> None:
    question = (
        "3 orders 1..3 wait, at most 17 may.\norder 1: takes 4 hours\norder 2: takes 6 hours\n"
        "order 3: takes 17 hours\nHow many hours within 40?"
    )

    assert data_of(question).numbers_left == [17, 40]


@pytest.mark.parametrize(
    ("stated", "left"), [("7309911", 7309911), ("12.50", 12.5), ("9007199254740993", 9007199254740992.0)]
)
def test_numbers_beside_the_data_are_shown_as_they_are(stated: str, left: float) -> None:
    data = data_of(f"Planks of 30, 45, 12 and 80 cm; {stated} in all.")

    assert data.numbers_left == [left]
    assert data.shown().endswith(f"# also in the question: {left}\n")


def test_members_of_sets_are_no_numbers_beside_them() -> None:
    data = data_of("Cover 4, 7, 9 with 2 of:\nA: 4, 7\nB: 9\nC: 7, 9, 4\nHow?")

    assert [one.name for one in data.given] == ["sets"]
    assert data.numbers_left == [2]


def test_model_is_shown_the_first_of_many_and_how_many_there_are() -> None:
    shown = data_of(f"Planks of {', '.join(map(str, range(100, 180)))} cm, at most 12.").shown()

    first, second = shown.splitlines()
    assert first.startswith("numbers = [100, 101, 102, ")
    assert first.endswith(", ...]  # 80 in all, cm")
    assert second == "# also in the question: 12"


@pytest.mark.parametrize(
    "question",
    [
        "Planks of " + ", ".join(map(str, range(500))),
        "Teams:\n" + "\n".join(f"T{i}: {', '.join(map(str, range(i % 7 + 1)))}" for i in range(60)),
        "Parts:\n" + "\n".join(f"part {i}: saw 1 for {i} min, saw 2 for 3 min" for i in range(1, 40)),
        "x = ['" + "very long " * 40 + "', 'b', 'c']",
    ],
)
def test_what_is_shown_is_python_that_can_be_parsed(question: str) -> None:
    shown = data_of(question).shown()

    ast.parse(shown)
    assert 0 < len(shown) < 600


def test_header_says_what_the_places_of_a_link_are() -> None:
    (edges,) = data_of("Roads (from -> to: km, hours): 1->2: 7, 1; 2->3: 4, 2; 1->3: 9, 9.").given

    assert edges.columns == ("from", "to", "km", "hours")
    assert edges.short.endswith("# each (from, to, km, hours)")


def test_program_gets_what_it_uses_and_does_not_define() -> None:
    data = data_of(f"Two orders:\n{_ORDERS}\n")

    assert data.missing_in(ast.parse("print(sum(takes))")) == ["takes = [4, 6]"]
    assert data.missing_in(ast.parse("takes = [1]\nprint(takes)")) == []
    assert NO_DATA.missing_in(ast.parse("print(takes)")) == []


def test_program_is_shown_again_as_it_was_begun() -> None:
    data = data_of("Planks of " + ", ".join(map(str, range(100, 180))))
    (line,) = data.missing_in(ast.parse("print(max(numbers))"))

    assert data.shortened(f"{line}\nprint(max(numbers))") == f"{data.given[0].short}\nprint(max(numbers))"


def test_only_what_a_function_needs_can_be_left_out() -> None:
    data = data_of(f"Two orders:\n{_ORDERS}\n")

    assert data.unused_in("print(takes)") == []
    assert data.named_for(["makespan"]).unused_in("print(takes)") == ["wanteds"]
    assert data.named_for(["makespan"]).unused_in("takes, wanteds(") == ["takes", "wanteds"]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=60).map("".join) | st.text(max_size=80))
def test_any_question_is_read_or_left_and_what_is_shown_can_be_parsed(question: str) -> None:
    data = data_of(question)

    ast.parse(data.shown())
    assert [ast.literal_eval(one.line.partition(" = ")[2]) for one in data.given] == [
        one.value for one in data.given
    ]
    assert data.unused_in("") == []
    assert data.shortened("print(1)") == "print(1)"


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "1, 2, ",
            "(1, ",
            "a-b, ",
            "x or ",
            "(x or ",
            "[ ",
            "[a,",
            "a: 1\n",
            "a: 1\nb\n",
            "x",
            "1-2-",
            "1 ",
        ),
        *("A and ", "from ", "x1..x2 ", "J1: 1, 2; ", "not ", ". ", "1->2: 3; "),
    ],
)
def test_any_text_is_read_in_time_that_grows_with_its_length(piece: str) -> None:
    """Time that grows faster than the text would not come to an end: questions come from anybody."""
    short, long = (data_of(piece * (length // len(piece))) for length in (400, 40_000))

    assert [given.name for given in short.given] == [given.name for given in long.given]
    assert set(short.numbers_left) == set(long.numbers_left)
