"""What routing reads off a request: how it begins, how many numbers it has, and rules to say so.

Rules speak of kinds of request, never of single ones. A table is read from the top; the first match decides.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from ._task import Route


class Rule(NamedTuple):
    """If the pattern is found, the route is taken for the reason."""

    pattern: re.Pattern[str]
    route: Route
    reason: str


def rule(route: Route, reason: str, *patterns: str, after: str = r"\b") -> Rule:
    """Make a rule of alternatives that begin at the start of a word, or after what `after` says."""
    alternatives = "|".join(patterns)
    return Rule(re.compile(f"{after}(?:{alternatives})", re.IGNORECASE | re.DOTALL), route, reason)


#: Things that are written in a programming language.
CODE_THING = (
    r"(?:functions?|programs?|scripts?|code|class(?:es)?|methods?|regex|regexp|regular expressions?|"
    r"quer(?:y|ies)|"
    r"algorithms?|one-liners?|snippets?|parsers?|modules?|unit tests?|subroutines?|recursion|loops?|sql|"
    r"decorators?|generators?|iterators?|simulations?|simulators?|macros?)\b"
)
_NEAR_CODE = rf".{{0,80}}\b{CODE_THING}"
MAKE = (
    r"(?:re)?write|implement|create|build|develop|make|design|generate|give|show|produce|prepare|draft|"
    r"compose|"
    r"provide|need|want|finish|complete"
)
_PROSE_THING = (
    r"(?:letters? (?:to|of|for|from|about|that|asking|thanking)|cover letters?|e-?mails?|poems?|haikus?|"
    r"limericks?|"
    r"stor(?:y|ies)|essays?|paragraphs?|messages?|repl(?:y|ies)|invitations?|speech(?:es)?|toasts?|slogans?|"
    r"captions?|reviews?|apolog(?:y|ies)|dialogues?|posts?|tweets?|titles?|headlines?|summar(?:y|ies)|"
    r"introductions?|obituar(?:y|ies)|jokes?|names? for|lyrics|recipes?|advice|tips|arguments? (?:for|"
    r"against)|"
    r"pros and cons|examples? of|definitions?|overviews?|explanations?|press release|blurb|biograph(?:y|"
    r"ies))\b"
)
TONGUE = (
    r"(?:english|german|french|italian|spanish|portuguese|dutch|latin|greek|russian|polish|czech|swedish|"
    r"danish|"
    r"norwegian|finnish|turkish|arabic|hebrew|hindi|chinese|mandarin|japanese|korean|ukrainian|romanian|"
    r"hungarian)"
)
# What is said before a request, over and again: it is no part of it.
_COURTESY = (
    r"(?:(?:hi|hello|hey|please|kindly|now|can|could|would|will|you|i|we|need|want|would like|like|to|"
    r"help|me|us|for|your task is|your job is)[\s,.:!]+){0,8}"
)
_OPENING = rf"^\W{{0,5}}{_COURTESY}"


def _opening(route: Route, reason: str, *patterns: str) -> Rule:
    """Make a rule about what a request begins with, after words of courtesy."""
    return rule(route, reason, *(rf"(?:{pattern})" for pattern in patterns), after=_OPENING)


#: What a request begins with says most about it, whatever the text that it is about looks like.
OPENINGS = (
    _opening("text", "asks for a translation", rf"translate\b(?!{_NEAR_CODE})"),
    _opening(
        "text",
        "asks for other words",
        rf"(?:rewrite|rephrase|reword|paraphrase|shorten|proofread|polish|summari[sz]e|"
        rf"condense)\b(?!{_NEAR_CODE})",
    ),
    _opening(
        "text",
        "asks for prose",
        rf"(?:{MAKE}|suggest|recommend|propose|invent|think of)\b"
        rf"(?!.{{0,30}}\b{CODE_THING}).{{0,40}}\b{_PROSE_THING}",
    ),
    _opening(
        "code",
        "asks for a program",
        rf"(?:{MAKE}|fix|debug|refactor|mend|repair|correct|port|convert|translate|"
        rf"optimi[sz]e)\b{_NEAR_CODE}",
        r"(?:implement|program|code|debug|refactor)\b (?!of\b)",
    ),
    _opening(
        "text",
        "asks for an explanation",
        r"(?:explain|describe|discuss|define|elaborate|tell (?:me )?about|"
        r"clarify)\b(?!.{0,120}\bhow (?:many|much)\b)",
        r"why\b",
        r"how (?:do|does|did) (?!.{0,40}\d.{0,200}\d)",
        r"how (?:should|can|could|would) (?:i|one|we|you|a|an)\b(?!.{0,60}\d.{0,200}\d)",
        r"what (?:is|are|was) (?:meant by|the (?:difference|distinction|relation\w*) between (?!\W*\d)|"
        r"the (?:meaning|definition|origin|purpose|plural|capital|opposite|etymology|moral|role|history) of)",
        r"(?:what|which) (?:is|are) (?:(?:a|an)\b[^\d?]{1,40}\?|[^\d?]{1,60} (?:for|used for|good for|"
        r"about|like)\?)",
        r"what does [^?]{1,80} (?:mean|stand for|do)\b",
        r"in (?!what\b|which\b|how\b|an?\b|the\b)[\w ]{1,30}, what (?:is|are) (?:an?|the) [^\d?]{1,40}\?",
        r"who(?:se|m)?\b(?!.{0,200}\d.{0,60}\d)",
    ),
)

#: Openings that leave a doubt; they are looked at last.
QUESTIONS = (
    _opening(
        "code",
        "asks to work through data",
        r"(?:extract|parse|count|enumerate|estimate|tabulate|replace (?:all|every|each)|find (?:all|every|"
        r"each)|"
        r"generate all|list all)\b",
    ),
    _opening(
        "text",
        "asks for knowledge or prose",
        r"(?:suggest|recommend|name|list|give|compare|outline|tell|advise|argue|brainstorm|mention|"
        r"imagine)\b",
        r"(?:should|is|are|was|were|do|does|did|has|have|can)\b",
        r"(?:when|where|who|which|what|how|in (?:what|which))\b",
        r"(?:rewrite|translate|write|draft|compose|continue|improve|correct|make|turn|rate|judge|classify)\b",
    ),
)

#: Asks for a quantity; with numbers to work on, that is arithmetic.
QUANTITY = re.compile(
    r"\bhow (?:many|much|long|far|old|tall|fast|high|often|big|large|heavy|deep|wide)\b|%|\bper ?cent\b|"
    r"\b(?:total|sum|difference|product of|average|altogether|cost|price|larger|smaller|bigger|ratio|"
    r"fraction|weight|distance|speed|area|volume)\b",
    re.IGNORECASE,
)

# A list label such as `(1)` or a number that is part of a name such as `H2O` is nothing to compute with.
_NUMBER = re.compile(r"(?<![\w.])(?!\d{1,2}\))[-$€£]?\d[\d,]*(?:\.\d+)?")
_YEAR = re.compile(r"(?<![\w.,])(?:1\d|20)\d\d(?![\w,]|\.\d)")
_NUMBER_WORD = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|twenty|thirty|forty|fifty|"
    r"hundred|"
    r"thousand|million|twice|half|double|triple|thrice)\b(?!-)",
    re.IGNORECASE,
)


def numbers_in(text: str) -> int:
    """Count the numbers of a text, in digits and in words."""
    return len(_NUMBER.findall(text)) + len(_NUMBER_WORD.findall(text))


def measures_in(text: str) -> int:
    """Count the numbers in digits that are no years."""
    return len(_NUMBER.findall(_YEAR.sub("", text)))


def first_match(rules: Iterable[Rule], text: str) -> Rule | None:
    """Return the first rule whose pattern is found in the text."""
    return next((rule for rule in rules if rule.pattern.search(text)), None)
