"""What questions say that need a function of the helper library: words of one sentence, and forms of data."""

import re
from typing import NamedTuple


class Clue(NamedTuple):
    """Something that speaks for a function.

    Attributes:
        words: Groups with a space between; from each group one word (they stand apart by `|`) must be in the
            same sentence. Or the name of a feature.
        weight: What it adds, or takes away; 3 is enough to be shown.
    """

    words: str
    weight: float


_FEW = "fewest|smallest|minimum|minimal|minimize|minimise|least|lowest|cheapest|shortest|few|little|small"
_MUCH = "largest|maximum|maximal|maximize|maximise|most|greatest|highest|biggest|best|large|many"
_PEAK = "largest|maximum|maximal|maximize|maximise|most|greatest|highest|biggest"
_END = "earliest|soonest|shortest|smallest|minimum|minimal|minimize|least|early|fast|quickly|finishing"

_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*"

#: Forms of data that hardly occur in plain word problems.
FEATURES = {
    "<arrows>": re.compile(r"(?:\S\s*(?:->|\u2192)\s*\S.*){3}", re.DOTALL),
    "<pairs>": re.compile(r"(?:\b\w+\s*[-\u2013]\s*\w+\b[,;.\s]+(?:and\s+)?){3}"),
    "<links>": re.compile(r"(?:\(\s*\w+\s*,\s*\w+\s*\)[,;.\s]*(?:and\s+)?){3}"),
    "<matrix>": re.compile(
        r"(?:^(?:[\w ]{1,30}:)?[ \t]*[\[(]{0,2} *-?\d+(?:[, \t]+-?\d+){2,} *[\])]{0,2}[,;.]?[ \t]*$\n?){2}",
        re.M,
    ),
    "<points>": re.compile(r"(?:\(\s*-?\d+(?:\.\d+)?\s*,\s*-?\d+(?:\.\d+)?\s*\).*?){3}", re.DOTALL),
    "<list>": re.compile(r"[\[(]?\b\d+(?:\s*(?:,|, and)\s*\d+){3,}"),
    "<sets>": re.compile(r"(?:\w+\s*[:=]\s*[\[{(]?\s*\w+(?:\s*,\s*\w+)*\s*[\]})]?[\s.;,]+){3}"),
    "<clauses>": re.compile(
        r"(?:\(?\s*(?:not\s+|[~!\u00ac-])?\w+\s*(?:\bor\b|\||\u2228)\s*(?:not\s+|[~!\u00ac-])?\w+.*?){2}",
        re.DOTALL | re.IGNORECASE,
    ),
    "<literals>": re.compile(
        r"\b[a-z]_?\d+\b.*\b(?:or|\||\u2228)\b.*\b[a-z]_?\d+\b", re.DOTALL | re.IGNORECASE
    ),
    "<clock>": re.compile(r"\b\d{1,2}:\d{2}\b.*\b\d{1,2}:\d{2}\b", re.DOTALL),
    "<machines>": re.compile(r"(?:\bmachine\s+\w+\b.*?){4}", re.DOTALL | re.IGNORECASE),
    "<date>": re.compile(
        r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}/\d{1,2}/\d{4}\b"
        rf"|\b{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}\b"
        rf"|\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}\.?,? \d{{4}}\b",
        re.IGNORECASE,
    ),
    "<inequality>": re.compile(
        r"\d\s*\*?\s*[a-z]\w*\s*[+\-][^\n]{1,60}?(?:<=|>=|\u2264|\u2265|\\leq|\\geq)", re.IGNORECASE
    ),
    "<cells>": re.compile(r"(?:^|\n)(?:[\s|]*[\d._*](?:[\s|]*[\d._*]){8}[\s|]*(?:\n|$)){3}"),
}

_AXES = re.compile(
    r"manhattan|taxicab|city[- ]block|street grid|north-south|along one axis"
    r"|\|\s*dx\s*\||\|\s*x1\s*-\s*x2\s*\|",
    re.IGNORECASE,
)

_BOTH_WAYS = re.compile(r"both directions|two-way|either direction", re.IGNORECASE)

#: What questions say that asks for an argument which is easily left out.
ARGUMENTS: dict[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    "shortest_tour": (
        (_AXES, 'metric="manhattan"'),
        (
            re.compile(r"not (?:need to |have to )?(?:return|come back)|without returning", re.IGNORECASE),
            "closed=False",
        ),
    ),
    "knapsack": (
        (
            re.compile(r"any number of (?:each|times)|unlimited|as often as", re.IGNORECASE),
            'copies="unlimited"',
        ),
    ),
    "max_flow": ((_BOTH_WAYS, "two_way=True"),),
    "shortest_path": ((_BOTH_WAYS, "two_way=True"),),
}

#: Parameters that mislead where a question says nothing of them, and what it says if it does.
RARE: dict[str, dict[str, re.Pattern[str]]] = {
    "set_cover": {
        "costs": re.compile(r"cost|price|fee|expens|charge|\$|\u20ac|cheap", re.IGNORECASE),
        "universe": re.compile(r"universe", re.IGNORECASE),
    },
    "knapsack": {"copies": re.compile(r"unlimited|any number|cop(?:y|ies)|repeat|as often", re.IGNORECASE)},
    "max_sat": {"weights": re.compile(r"weight|penalt|cost|points?\b|worth", re.IGNORECASE)},
    "weighted_tardiness": {
        "weights": re.compile(r"weight|penalt|fine|cost|fee|charge|priorit", re.IGNORECASE)
    },
}

KEYWORDS: dict[str, tuple[Clue, ...]] = {
    "shortest_tour": (
        Clue("traveling|travelling salesman|salesperson", 5),
        Clue(
            "tour|round-trip|roundtrip|loop|circuit|round|trip|route|cycle shortest|length|minimum|minimal", 2
        ),
        Clue(
            "visit|stop|call|go|drive|see|pass|check|inspect|deliver every|each|all"
            " once|exactly|return|again",
            2,
        ),
        Clue("return|back|end|finish|come start|depot|home|base|starting|origin|began|begin|where", 1.5),
        Clue("every|each|all once return|back|again|tour|round|trip", 1),
        Clue("manhattan|euclidean|straight-line|taxicab|grid distance|length", 1),
        Clue("shortest|minimum|total distance|length|route|tour|round", 1),
        Clue("<points>", 1),
    ),
    "shortest_path": (
        Clue("shortest|quickest|fastest|cheapest|minimum path|route|way|distance|travel|journey", 2),
        Clue("from to road|edge|node|network|link|street|connection|vertex|station|town|city", 1.5),
        Clue("dijkstra", 4),
        Clue("<arrows>", 1),
    ),
    "constrained_shortest_path": (
        Clue("cheapest|smallest|lowest|least|minimum toll|cost|fare|price|fee|fuel|risk|expense", 1.5),
        Clue(
            "reach|travel|get|path|route|drive|arrive|go|ride|trip|journey|walk"
            " within|exceed|limit|deadline|latest",
            2,
        ),
        Clue("road|edge|arc|link|connection|leg|flight|street|segment toll|cost|fare|fee|price", 1),
        Clue("toll|cost|fare|fee|price minute|time|hour", 1),
        Clue("from to minute|hour|min|time", 0.5),
        Clue(f"{_FEW} total|cost|toll", 0.5),
        Clue("<arrows>", 1),
    ),
    "knapsack": (
        Clue("knapsack", 5),
        Clue(f"{_MUCH} value|worth|profit|benefit|point|utility|score|visitor|attraction", 1.5),
        Clue(
            "carry|pack|load|hold|capacity|bag|budget|fit kg|capacity|weight|limit|most|pound|budget|space",
            1.5,
        ),
        Clue(
            "suitcase|backpack|rucksack|trunk|bag|drone|truck|van|container weigh|hold|carry|most|up|only", 1
        ),
        Clue(
            "weight|weigh|need|kg|size|space|cost"
            " value|worth|profit|point|benefit|bring|gain|score|draw|attract|earn",
            1.5,
        ),
        Clue("each|item|one most once", 0.5),
        Clue("once|taken|chosen not|or all", 0.5),
    ),
    "subset_sum": (
        Clue("subset sum", 4),
        Clue(
            f"{_MUCH}|close|closest|near total|sum|add exceed|exceeding|above|over|more|below|under|most", 2
        ),
        Clue(f"{_MUCH}|close|closest possible|can exceed|exceeding|above|over", 1),
        Clue("choose|select|pick|subset|some|combination|take|use|chosen total|sum|exceeding|add", 1.5),
        Clue(f"total|sum {_MUCH}|close|closest|exactly", 0.5),
        Clue("<list>", 1),
    ),
    "partition": (
        Clue(
            "split|divide|partition|separate|distribute equal|equally|balanced|difference|fair|fairly|evenly",
            1.5,
        ),
        Clue(f"difference {_FEW}", 2),
        Clue("group|team|pile|part|half|halves|side|subset sum|total|equal|difference", 1),
        Clue("<list>", 1),
    ),
    "coin_ways": (
        Clue("ways|way|combination amount|coin|change|pay|paid|make|making|stamp|bill", 2.5),
        Clue("coin|denomination|stamp|banknote|token", 1.5),
        Clue("unlimited|order|different order|matter|supply|unlimited", 1),
    ),
    "min_coins": (
        Clue(f"{_FEW} coin|bill|stamp|note|token|banknote|denomination", 2.5),
        Clue("amount|change|exactly|pay|paid|make coin|denomination|stamp|bill|note|token", 1.5),
    ),
    "bin_packing": (
        Clue("bin packing", 4),
        Clue(
            f"{_FEW} truck|bin|box|container|roll|vehicle|van|crate|wagon|shelf|disk|bag|batch"
            "|server|trip|bus|load|lorry|bar|card|sheet|plank|board|disc|tank|pallet|rack|drive|cabin|boat",
            2.5,
        ),
        Clue("capacity|hold|carry|limit capacity|most|each|identical|same", 1),
        Clue("split|cut|divided|broken|joined|whole cannot|not|never|no|as", 0.5),
        Clue("weight|size|length|volume|file|item|piece|cm load|pack|fit|store|capacity|put|place|cut", 1),
        Clue("<list>", 0.5),
    ),
    "makespan": (
        Clue("makespan", 4),
        Clue(
            "machine|worker|processor|server|printer|oven|core|crew|station|team|cook identical"
            "|parallel|same|equally|equal|alike",
            2,
        ),
        Clue(f"{_END} time|finish|finished|completion|done|minute|hour|complete|everything|last", 1.5),
        Clue("job|task|process|order|batch machine|worker|processor|server|duration|minute|hour", 1),
        Clue("<list>", 0.5),
    ),
    "job_shop": (
        Clue("job-shop|jobshop", 5),
        Clue("job shop", 3),
        Clue("machine|station|workshop order|sequence|route|then|pass|first", 1.5),
        Clue(f"{_END} time|finish|finished|completion|done|makespan|complete|last", 1.5),
        Clue("job|part|product|piece|order machine|station|operation|step", 1),
        Clue("<machines>", 1.5),
    ),
    "weighted_tardiness": (
        Clue("tardiness|tardy|lateness", 3),
        Clue("late|overdue|due|deadline|lateness|delay penalty|cost|fine|weight|charge|fee", 2),
        Clue("duration|take|processing|long|day|hour|minute due|deadline", 1.5),
        Clue(f"penalty|fine|lateness|cost|tardiness {_FEW}", 1),
        Clue("one|single machine|worker|processor|oven|printer|time", 0.5),
    ),
    "assignment": (
        Clue("assign|assigned|take|given|matched|get|do|assignment each|one|exactly|every", 1),
        Clue(
            "worker|translator|student|person|people|employee|machine|driver|taxi|agent|team|nurse|member"
            " task|job"
            "|project|rider|shift|order|duty",
            1,
        ),
        Clue("assignment|matching|pairing cost|total|optimal|minimum|best", 1),
        Clue(f"cost|time|hours|score|minute|fee|distance total|sum|{_FEW}|{_MUCH}", 1),
        Clue("matrix|table|row column|cost|rows", 1),
        Clue("sent|send|matched|paired|assigned|get|take each|one|exactly|every", 0.5),
        Clue("<matrix>", 1),
    ),
    "set_cover": (
        Clue("set cover", 4),
        Clue("cover|covered|covering each|every|all|least|must|whole|everything|together", 2),
        Clue(
            f"{_FEW} number|station|team|set|tower|sensor|camera|antenna|open|many|can|needed|course|person",
            1.5,
        ),
        Clue("cover|coverage|covers", 1),
        Clue("<sets>", 1),
    ),
    "facility_location": (
        Clue("facility location", 4),
        Clue("open|opening|build|built|opened cost|fee|fixed", 1.5),
        Clue(
            "serve|served|serving|customer|client|deliver|supply|supplied|assigned depot"
            "|warehouse|facility|plant|open|opened|center|hub",
            2,
        ),
        Clue("serving|delivery|transport|opening|supply|connection cost", 1),
        Clue("<matrix>", 0.5),
    ),
    "graph_colouring": (
        Clue("chromatic number", 5),
        Clue("colour|color graph|map|region|vertex|vertices|node|adjacent|neighboring|neighbour|country", 2),
        Clue(
            "conflict|conflicting|overlap|clash|share|adjacent|interfere|same|neighbor slot"
            "|color|colour|frequency|time|channel|room|day|session",
            1.5,
        ),
        Clue("conflict|clash|overlap|interfere|adjacent|neighbor|neighbour|share", 1),
        Clue(f"{_FEW} slot|color|colour|frequency|channel|day|session|group|room|round", 2),
        Clue("<pairs>", 1),
        Clue("<links>", 0.5),
    ),
    "max_independent_set": (
        Clue("independent set", 5),
        Clue(f"{_MUCH} group|set|team|committee|party|people|guest|subset|invite|invited|number", 1.5),
        Clue(
            "conflict|dislike|enemy|incompatible|quarrel|hate|rival|not|no|cannot along"
            "|together|pair|two|couple|following",
            1.5,
        ),
        Clue("no|nobody|none|without|not two|pair|conflict|enemy|adjacent", 0.5),
        Clue("<pairs>", 1),
        Clue("<links>", 0.5),
    ),
    "max_clique": (
        Clue("clique", 3),
        Clue("not|never|cannot|nobody|enemy|conflict|dislike along|together|pair", -1.5),
        Clue(f"{_MUCH} group|set|team|clique|committee|subset", 1.5),
        Clue(
            "friend|know|compatible|connected|linked|acquainted|along|cooperate each|every|all"
            "|pair|other|mutually",
            1.5,
        ),
        Clue("<pairs>", 1),
        Clue("<links>", 0.5),
    ),
    "min_vertex_cover": (
        Clue("vertex cover", 5),
        Clue(f"{_FEW} guard|camera|sensor|watchman|vertex|vertices|node|junction|crossing|officer", 1.5),
        Clue(
            "every|each|all road|street|corridor|edge|link|hallway end|watch|watched|cover"
            "|monitored|covered|guarded",
            2,
        ),
        Clue("<pairs>", 1),
        Clue("<links>", 0.5),
    ),
    "count_sat": (
        Clue("<clauses>", 1.5),
        Clue("<literals>", 1),
        Clue("many|number|count assignment|model|satisfy|satisfying|satisfied|solution", 2),
        Clue("assignment|formula|boolean|truth", 1),
        Clue(f"{_PEAK} clause|condition|satisfied|satisfy|wish|requirement", -2),
    ),
    "solve_sat": (
        Clue("<clauses>", 1.5),
        Clue("<literals>", 1),
        Clue("satisfiable|satisfied|satisfying|satisfy there|can|possible|is|exist|find", 2),
        Clue("formula|boolean|clause", 0.5),
    ),
    "max_sat": (
        Clue("<clauses>", 1.5),
        Clue("<literals>", 1),
        Clue(f"{_PEAK} clause|condition|satisfied|satisfy|wish|requirement", 2.5),
        Clue("clause|boolean|wish", 1),
    ),
    "milp": (
        Clue("linear|integer programming|program|optimization|model", 4),
        Clue(f"{_MUCH} profit|revenue|income|earning|contribution|return|output|utility", 1.5),
        Clue("minimize|minimise|lowest|least|minimum cost|expense|waste|spending|total|time", 1.5),
        Clue("maximize|maximise|minimize|minimise", 2.5),
        Clue("exceed|available|limit|capacity|budget|up at|most|only|limited|available|maximum", 0.5),
        Clue("require|need|use|take|cost|produce each|per|one|every", 0.5),
        Clue("constraint|requirement|restriction subject|satisfy|meet|following", 1),
        Clue("<inequality>", 2.5),
    ),
    "linear_program": (
        Clue("linear programming|program|optimization|model", 4),
        Clue(f"{_MUCH} profit|revenue|income|earning|contribution|return|output|utility", 1.5),
        Clue("minimize|minimise|lowest|least|minimum cost|expense|waste|spending|total|time", 1.5),
        Clue("maximize|maximise|minimize|minimise", 2.5),
        Clue("exceed|available|limit|capacity|budget|up at|most|only|limited|available|maximum", 0.5),
        Clue("blend|mix|diet|gram|litre|liter|acre|hectare|percent|ton require|need|contain|each|per", 0.5),
        Clue("constraint|requirement|restriction subject|satisfy|meet|following", 1),
        Clue("<inequality>", 2.5),
    ),
    "max_flow": (
        Clue(f"flow {_MUCH}", 2.5),
        Clue("capacity pipe|edge|link|road|network|pipeline|cable|line", 1.5),
        Clue("source sink", 3),
        Clue("minimum cut", 3),
        Clue("<arrows>", 0.5),
    ),
    "min_spanning_tree": (
        Clue("spanning tree", 5),
        Clue("connect|connected|link|linked|joined all|every|each|together", 1.5),
        Clue(f"{_FEW} cost|cable|length|road|wire|pipe|total", 1),
        Clue("cable|road|pipe|wire|line|fiber|fibre|bridge|canal between|connect|connected|link|laid", 1.5),
        Clue("<pairs>", 0.5),
    ),
    "critical_path": (
        Clue("critical path", 5),
        Clue("task|activity|step|work before|predecessor|prerequisite|depend|after|precede", 1.5),
        Clue(f"project {_END}|duration|complete", 2),
        Clue("predecessor|prerequisite|dependency|depend|precedence", 1),
    ),
    "topological_order": (
        Clue("topological", 5),
        Clue("prerequisite|depend|dependency|before order|sequence", 2.5),
        Clue("valid|possible|one|which order|sequence", 1),
        Clue("<arrows>", 0.5),
    ),
    "interval_scheduling": (
        Clue("overlap|overlapping|conflict|conflicting|clash not|without|no|non-overlapping|two", 1.5),
        Clue(
            f"{_MUCH} meeting|talk|event|interval|activity|movie|film|lecture|request|show|booking|session",
            1.5,
        ),
        Clue("non-overlapping|compatible interval|activity|event|meeting|job", 2.5),
        Clue("start|begin|from end|until|finish|to|till", 0.5),
        Clue("<clock>", 1),
        Clue("<links>", 0.5),
    ),
    "min_rooms": (
        Clue(f"{_FEW} room|platform|hall|gate|court|classroom|desk|berth|dock", 2.5),
        Clue(
            "meeting|lecture|train|event|interval|flight|match|ship|reservation room|platform"
            "|overlap|time|start|gate",
            1,
        ),
        Clue("<clock>", 1),
        Clue("<links>", 0.5),
    ),
    "longest_common_subsequence": (Clue("longest common subsequence|sequence", 5),),
    "longest_increasing_subsequence": (
        Clue("longest|long increasing|ascending|growing|rising subsequence|sequence|run", 5),
    ),
    "edit_distance": (
        Clue("edit|levenshtein distance", 5),
        Clue(
            f"{_FEW} insertion|deletion|replacement|substitution|edit|operation|change turn"
            "|transform|convert|into",
            3,
        ),
        Clue(
            "insertion|insert|deletion|delete|replacement|replace|substitution letter|character|string|word",
            1.5,
        ),
    ),
    "n_queens": (Clue("queen board|chessboard|attack|n-queens", 3), Clue("way|many|number|place queen", 1.5)),
    "sudoku": (Clue("sudoku", 5), Clue("<cells>", 2)),
    "find_assignment": (
        Clue("digit letter different|distinct|stands|represent|unique", 3),
        Clue("puzzle|riddle each|clue|condition|constraint", 2),
        Clue("arrange|seat|seated|order|arranged|schedule condition|constraint|such|satisfy|rule", 1.5),
        Clue("left|right|next immediately|directly|adjacent", 1),
        Clue("constraint satisfaction", 4),
    ),
    "all_assignments": (
        Clue(
            "many|number|all|count arrangement|assignment|seating|solution condition|constraint"
            "|such|satisfy|rule",
            3,
        ),
        Clue("digit letter different|distinct|stands|represent|unique", 2),
        Clue("arrange|seat|seated|arranged condition|constraint|such|rule|adjacent", 1.5),
    ),
    "days_between": (
        Clue("day|days between", 2.5),
        Clue("many day|days|week until|between|since|from|passed|elapsed", 1),
        Clue("<date>", 1.5),
    ),
    "add_days": (
        Clue("what|which date", 2),
        Clue("day|week|month|year after|from|later|before|ago|earlier|yesterday|tomorrow", 1),
        Clue("<date>", 1.5),
    ),
    "weekday": (
        Clue("day week", 1.5),
        Clue("which|what weekday|week", 1.5),
        Clue("<date>", 1.5),
    ),
    "business_days": (Clue("business|working|weekday day|days", 2.5), Clue("<date>", 1.5)),
    "age_on": (Clue("old|age born|birthday|birth", 2.5), Clue("<date>", 1.5)),
    "time_between": (
        Clue("<clock>", 2),
        Clue("long|many|duration|elapsed minute|hour|last|take|between", 1.5),
        Clue("between|elapsed|duration time|minute|hour", 1),
    ),
    "convert": (
        Clue(
            "convert|conversion|express|expressed mile|km|kilometer|kilogram|pound|ounce|gram"
            "|foot|feet|inch|meter|metre|liter|litre"
            "|gallon|fahrenheit|celsius|kelvin|acre|hectare|joule|calorie|byte|megabyte"
            "|gigabyte|psi|bar|pascal|knot|mph",
            4,
        ),
    ),
    "roman": (Clue("roman numeral|number|numerals", 5),),
    "from_roman": (Clue("roman numeral|number|numerals", 4),),
    "number_to_words": (Clue("word write|spell|spelled|written|convert|express number|numeral|digit", 4),),
}
