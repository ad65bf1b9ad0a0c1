import pytest

from agent._routing import route
from agent._routing_rules import measures_in, numbers_in
from agent._task import Task
from engine import File


@pytest.mark.parametrize(
    "question",
    [
        "How many eggs are left if I buy 30 and break 4?",
        "How many times does the letter t occur in butterscotch?",
        "Spell the word umbrella backwards and reverse it again.",
        "Sort these towns by name: Turin, Bari, Lecce.",
        "Which weekday was 3 May 1977?",
        "How many days are there between 2 April 2019 and 11 June 2023?",
        "Pack boxes of 4, 6 and 9 kg so that the sum is as large as possible below 40.",
        "Five meetings must be put into a schedule so that no two overlap.",
        "Make a truth table for p and (q or not r).",
        "Close the brackets of this text so that they are properly matched: ([{",
        "Kim and Lou swap places, then Lou and Max swap places. Who is last?",
        "How many seconds are in 3.5 days?",
        "What is the remainder of 12345 divided by 67?",
        "Write a regular expression for a licence plate.",
        "Please can you write me a small Python program that prints a calendar?",
        "Fix this function: def double(x): return x + 1",
        "Simulate 5000 throws of two dice.",
        "On a grid of 4 rows and 4 columns, where can a rook stand?",
        "What is the mean of 4, 8, 15, 16, 23 and 42?",
        "Translate this Perl script to Python: print 42;",
        "Ada is taller than Bea. Bea is taller than Cleo. Who is the tallest?",
    ],
)
def test_computed_kinds_are_thought_about_in_code(question: str) -> None:
    decided = route(Task(question=question))

    assert (decided.route, decided.why != "") == ("code", True)


@pytest.mark.parametrize(
    "question",
    [
        'Translate into Dutch: "The 3 keys are under the mat."',
        "Write a letter to my bank in which I ask for a lower fee.",
        "Explain what a loop in a program is.",
        "Why do leaves turn red?",
        "What does the word stoic mean?",
        "Please summarise this in two sentences: The harbour was closed for 14 days in 1953.",
        "Which of these remarks is sarcastic?",
        "Is this plausible? 'The goalkeeper scored with a header in the 89th minute.'",
        "Is the argument valid? All birds sing. Tom sings. So Tom is a bird.",
        "In the sentence, whom does the pronoun stand for?",
        "Can you recommend a film like the one about the clockmaker?",
        "Would a typical person say that Eva caused the flood of 12 houses?",
        "Who wrote the first novel about Mars?",
        "When was the printing press invented?",
        "What is the difference between jam and marmalade?",
        "Should I take the train or the bus?",
        "Suggest a name for a bakery.",
        "Hello, could you please write a poem about snow?",
        "What is a hash table?",
    ],
)
def test_kinds_of_language_are_thought_about_in_text(question: str) -> None:
    decided = route(Task(question=question))

    assert (decided.route, decided.why != "") == ("text", True)


def test_what_no_rule_knows_is_left_to_others() -> None:
    decided = route(Task(question="The usual, with 2 on the side."))

    assert decided.route is None
    assert decided.why == "no rule knows this kind of request"


def test_quoted_text_does_not_speak_for_the_request() -> None:
    quoted = 'Is it polite to say "sort the 12 primes and compute their sum by noon"?'

    assert route(Task(question=quoted)).route == "text"


@pytest.mark.parametrize(
    ("task", "why"),
    [
        (Task(question="Why?", wants="program"), "wants a program"),
        (Task(question="Why?", code="print(1)"), "comes with a program"),
        (Task(question="Why?", tests="assert True"), "comes with tests"),
        (Task(question="Why?", entry_point="f"), "comes with tests"),
        (Task(question="Why?", files=(File(name="a.csv", data=b""),)), "comes with files"),
        (Task(question="Why?", language="perl"), "names a programming language"),
    ],
)
def test_what_comes_with_a_question_decides_first(task: Task, why: str) -> None:
    decided = route(task)

    assert (decided.route, decided.why) == ("code", why)


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Write a function that adds numbers.", "python"),
        ("Write a function in JavaScript that adds numbers.", "javascript"),
        ("write some js code for a clock", "javascript"),
        ("Write a program for Node that reads a file, using Node", "javascript"),
        ("Implement a queue in TypeScript.", "typescript"),
        ("Write a C program that adds numbers.", "c"),
        ("Write a class for a clock in C++.", "cpp"),
        ("Write a Rust function that adds numbers.", "rust"),
        ("Port this Python script to Go.", "go"),
        ("Write a function in R that fits a line.", "r"),
        ("Write a Ruby one-liner.", "ruby"),
        ("Write a shell script that lists files.", "bash"),
        ("Write a function not in Python but in Perl.", "perl"),
        ("Write a Java method.", "java"),
    ],
)
def test_language_that_is_asked_for_is_taken(question: str, language: str) -> None:
    assert route(Task(question=question)).language == language


@pytest.mark.parametrize(
    "question",
    [
        "Where do I go in this program?",
        "Write a function that turns degrees in C into F.",
        "Write a function for vectors in R^3.",
        "Write a class for the game of go.",
        "How many people live on Java?",
        "Write a function named c.",
    ],
)
def test_ordinary_words_are_no_languages(question: str) -> None:
    assert route(Task(question=question)).language == "python"


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Run 10^8 iterations of the map x -> x*x - 1.", "c"),
        ("Run 10^7 iterations of the map x -> x*x - 1.", "python"),
        ("Simulate a billion coin flips.", "c"),
        ("Simulate a thousand coin flips.", "python"),
        ("How many integers below 1000000000 are palindromes?", "c"),
        ("How many integers below 10000 are palindromes?", "python"),
        ("Give the sum of 3 and 4 modulo 10^9 + 7.", "python"),
        ("A firm earns 5,000,000,000 euros in 2 rounds. How much is that per round?", "python"),
        ("Simulate a billion coin flips in Rust code.", "rust"),
    ],
)
def test_long_loops_are_written_in_c_unless_a_language_is_asked_for(question: str, language: str) -> None:
    assert route(Task(question=question)).language == language


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("def f(x):\n    return x", "python"),
        ("const f = (x) => x;", "javascript"),
        ("function f(x: number): number { return x; }", "typescript"),
        ("#include <stdio.h>\nint main() {}", "c"),
        ("#include <vector>\nint main() {}", "cpp"),
        ("fn main() { println!(); }", "rust"),
        ("package main\nfunc main() {}", "go"),
        ("public class A { }", "java"),
        ("?", "python"),
    ],
)
def test_language_of_a_given_program_is_guessed(code: str, language: str) -> None:
    assert route(Task(question="Mend it.", code=code)).language == language


def test_reason_says_why_a_language_was_taken() -> None:
    decided = route(Task(question="Simulate a billion coin flips."))

    assert decided.why.endswith("; loops so long that c is needed")


def test_end_of_a_long_question_is_read() -> None:
    question = f"{'A tale without any figures. ' * 400}Is this sentence plausible?"

    assert route(Task(question=question)).route == "text"


def test_numbers_are_counted_in_digits_and_words() -> None:
    assert numbers_in("twelve eggs, 1,200 hens, 3.5 kg and H2O in 1999") == 4


def test_years_and_list_labels_are_no_measures() -> None:
    assert measures_in("1) in 1999 2) in 2024") == 0
    assert measures_in("1999 and 19") == 1
