"""Kinds of request by what they speak of: those that language decides, and those that are computed."""

from ._routing_rules import CODE_THING, MAKE, TONGUE, rule

#: Judgements about language and people. They come before numbers, which may stand in the text that is judged.
LANGUAGE = (
    rule(
        "text",
        "asks about a translation",
        rf"translat\w+\b.{{0,40}}\b(?:from|into|to|in) {TONGUE}\b",
        rf"(?:say|said|phrase|word|sentence|expression)\b.{{0,60}}\b(?:in|into) {TONGUE}\b",
    ),
    rule(
        "text",
        "asks what people would judge",
        r"(?:typical|average|ordinary|reasonable|normal) (?:person|people|reader)\b",
        r"causation\b",
        r"(?:intentional|deliberate)ly\b.{0,200}\?",
        r"(?:un)?ethical\b",
        r"moral(?:ly)? (?:right|wrong|responsible|permissible)",
        r"to blame\b",
    ),
    rule(
        "text",
        "asks how a sentence sounds",
        r"(?:im)?plausible\b",
        r"makes? (?:any )?sense\?",
        r"sounds? (?:natural|right|odd|strange|better)\b",
        r"(?:sarcas\w+|ironic\w*|irony|humou?rous|funn(?:y|ier|iest)|jokes?|puns?|witty|metaphors?|"
        r"similes?|idioms?)\b",
        r"(?:polite|politer|politely|formality|(?:more|less) (?:in)?formal|tone of|sentiment|rude)\b",
    ),
    rule(
        "text",
        "asks about an argument in words",
        r"argument\b.{0,300}\b(?:in)?valid\b",
        r"fallac(?:y|ies|ious)\b",
        r"premises?\b.{0,300}\b(?:follow|conclu\w+|entail\w*|valid\w*)\b",
        r"(?:entail|contradict)\w*\b.{0,60}\bhypothesis\b",
        r"hypothesis\b.{0,60}\b(?:entail|contradict)\w*",
    ),
    rule(
        "text",
        "asks about grammar or meaning",
        r"(?:pronouns?|antecedents?|adjectives?|adverbs?|grammar|grammatical\w*|punctuation|prepositions?)\b",
        r"(?:spelling|misspelled|spelled|plural of|past tense|synonyms?|antonyms?|rhymes?|etymology)\b",
        r"(?:meaning|definition) of\b",
        r"(?:stands? for|mean|refers? to)\?",
        r"(?:correct|right|better|wrong) (?:word|form|preposition|article|tense)\b",
    ),
    rule(
        "text",
        "asks for a recommendation",
        r"(?:movies?|films?|books?|songs?|novels?|series|albums?|bands?|shows?|"
        r"artists?)\b.{0,40}\b(?:similar|like)\b.{0,6}",
        r"recommend (?:me|a|an|some)\b",
        r"(?:your|an?) opinion\b",
        r"do you think\b",
    ),
)

#: Kinds of task that are computed.
COMPUTED = (
    rule(
        "code",
        "asks for a program",
        rf"(?:{MAKE}|fix|debug)\b(?: \w+){{0,4}} {CODE_THING}",
        r"(?:regex|regexp|regular expression|sql query)\b",
        r"def \w+\(",
        r"(?:return|returns) (?:true|false|none|the|a|an|whether)\b",
    ),
    rule(
        "code",
        "works on the letters of a text",
        r"(?:reverse|reversed|backwards?|palindrom\w+|anagrams?|substrings?|subsequences?)\b",
        r"(?:alphabetical\w*|vowels?|consonants?|upper ?case|lower ?case|capital letters?|letters? of)\b",
        r"how (?:many|often)\b.{0,40}\b(?:letters?|words?|characters?|syllables?|times|[a-z]s|"
        r"[a-z]'s)\b.{0,40}"
        r"\b(?:in|of|does|do|have|has|contain\w*|appear\w*|occur\w*)\b",
        r"(?:count|number of)\b.{0,40}\b(?:letters?|words?|characters?|occurrences?)\b",
        r"(?:from|of|with|using) the letters\b",
        r"(?:title|camel|snake|kebab) ?case\b",
        r"(?:encode|decode|encrypt|decrypt|cipher|caesar|rot13|base-?64|md5|sha-?\d+|hash|morse|checksum|"
        r"url-?encod\w+)\b",
        r"(?:the |a |an |this |following )?strings? (?:consist|contain|of|is|\w* ?\")",
        r"roman numerals?\b",
        r"word ladder\b",
        r"how many \W?[a-z]\W? (?:are|is) (?:there )?in\b",
        r"(?:shortest|longest) (?:common )?(?:word|string|line|prefix|suffix)\b",
        r"random (?:passwords?|numbers?|strings?|sample|order|integers?)\b",
    ),
    rule(
        "code",
        "asks to sort or search data",
        r"sort(?:ed|ing)?\b(?! of\b)",
        r"(?:ascending|descending|chronological|lexicographic\w*) order\b",
        r"rank(?:ed)? (?:the|these|them|by)\b",
        r"(?:csv|json|xml|yaml|spreadsheet|log file|dataset|data set)\b",
        r"(?:following|this|below) (?:table|data|matrix|array|list of numbers|numbers)\b",
        r"here is a (?:table|list)\b",
        r"remove (?:all )?duplicates?\b",
        r"(?:filter|group|keep|select) (?:all|the|only|by)\b.{0,60}\b(?:numbers?|words?|rows?|entries|"
        r"list)\b",
    ),
    rule(
        "code",
        "asks about dates or times",
        r"(?:what|which) (?:day|date|weekday)\b",
        r"what time (?:is it|will it be)\b",
        r"day of the week\b",
        r"(?:weekday|what is the date)\b",
        r"(?:days?|weeks?|months?|hours?|minutes?|seconds?) (?:between|elapsed|from (?:now|today)|until|"
        r"till|ago)\b",
        r"(?:leap years?|time ?zones?|unix time\w*|calendar)\b",
        r"(?:mm/dd/yyyy|dd/mm/yyyy|yyyy-mm-dd|hh:mm)\b",
        r"\d{1,2}(?::\d\d)? ?(?:am|pm|a\.m\.|p\.m\.)\b.{0,400}\b\d{1,2}(?::\d\d)? ?(?:am|pm|a\.m\.|p\.m\.)",
        r"\d{1,2}:\d\d\b.{0,400}\b\d{1,2}:\d\d\b",
    ),
    rule(
        "code",
        "asks for number theory or mathematics",
        r"(?:prime|primes|divisors?|divisible|gcd|lcm|greatest common|least common|lowest common|"
        r"factoriz\w+|factoris\w+)\b",
        r"(?:modul(?:o|us)|mod|remainders?|congruen\w+|factorials?|fibonacci|digits?|integers?|"
        r"square roots?|cube roots?)\b",
        r"0[bx][0-9a-f]+\b",
        r"(?:first|next|last) \d+ (?:\w+ )?(?:numbers?|terms?|squares?|cubes?|powers?|multiples)\b",
        r"(?:binary|hexadecimal|octal|base[- ]\d+|base \w+ (?:number|numeral))\b",
        r"(?:equations?|inequalit(?:y|ies)|polynomials?|quadratic|logarithms?|integrals?|derivatives?|"
        r"matri(?:x|ces))\b",
        r"(?:determinant|eigenvalues?|vectors?|sine|cosine|complex number|real numbers?|rational numbers?)\b",
        r"solve (?:for|the|this|these)\b",
        r"(?:add|subtract|multiply|divide)\b.{0,40}\d",
        r"(?:angles? (?:between|of|in|at)|\d+ degrees|radians|tetrahedron|multiplication table|(?:which|"
        r"what) base|"
        r"values? of \w)\b",
        r"(?:probabilit(?:y|ies)|odds of|expected (?:value|number)|how likely|chance (?:of|that))\b",
        r"(?:permutations?|combinations?|arrangements?|(?:different|distinct|many) ways|number of ways)\b",
        r"(?:triangles?|perimeter|circumference|hypotenuse|polygons?|radius|diameter|parallelogram|"
        r"trapezoid)\b",
        r"(?:standard deviation|variance|median|mean of|average of|correlation|percentile|quartile|"
        r"regression)\b",
        r"(?:simplify|factor|expand) (?:the|this|completely|\W)",
        r"(?:nth|\d+(?:st|nd|rd|th)) (?:number|term|element|prime|digit|decimal|power|root)\b",
        r"(?:arithmetic|geometric|number) (?:sequences?|progressions?|series)\b",
    ),
    rule(
        "code",
        "holds a formula",
        r"\$[^$\n]*[\\^_=+<>{}][^$\n]*\$",
        r"\$[a-z][^$\s]{0,20}\$",
        r"\\[\[(]",
        r"\\(?:d?frac|sqrt|sum|int|cdot|times|angle|begin|boxed|leq?|geq?|overline|pi|text)\b",
        r"\d\s*[*\u00d7\u00f7^]\s*\(?-?\d",
        r"\d\s+[-+/%]\s+\(?-?\d",
        r"\d\s*(?:\+|>>|<<|%)\s*\(?-?\d",
        r"\d\)?\s*(?:plus|minus|times|divided by|multiplied by|squared|cubed|to the (?:power|\w+ power))\b",
        r"\w\s*=\s*-?\d+(?:\.\d+)?\b.{0,80}\b\w\s*=\s*-?\d",
        r"(?:calculate|compute|evaluate)\b.{0,200}\d",
        after=r"",
    ),
    rule(
        "code",
        "asks for the best of many choices",
        r"(?:minimi[sz]\w*|maximi[sz]\w*|optimi[sz]\w*|optimal\w*|objective function|linear program\w*)\b",
        r"(?:shortest|cheapest|fastest|fewest|quickest) (?:path|route|tour|way|possible|number|time|total|"
        r"round)\b",
        r"as (?:few|many|full|much|cheap\w*|little|short|large|small) as possible\b",
        r"(?:knapsack|travelling salesman|traveling salesman|bin packing|set cover|shortest path)\b",
        r"(?:schedules?|timetables?|rosters?|time slots?)\b.{0,400}\b(?:conflict\w*|overlap\w*|without|"
        r"each|must|so that)\b",
        r"(?:at least|at most|no more than|not exceed|up to)\b.{0,400}\b(?:at least|at most|no more than|"
        r"not exceed)\b",
        r"assign(?:ed|ing|ment)?\b.{0,200}\b(?:exactly|each|cost|so that|to)\b.{0,200}\d",
        r"(?:maximum|minimum|(?:largest|smallest|least|greatest|fewest) (?:possible|number|sum|product|"
        r"value))\b",
        r"(?:seat|arrange|place|put|order|fill)\b.{0,200}\b(?:so that|such that)\b",
    ),
    rule(
        "code",
        "follows a state step by step",
        r"(?:swap(?:s|ped)?|shuffl\w+|trade[sd]?|exchange[sd]?)\b.{0,300}\b(?:swap|shuffl|trad|exchang|"
        r"then|end|final)\w*",
        r"(?:turn (?:left|right|around)|steps? (?:forward|backward|left|right|north|south|east|west)|"
        r"take \d+ steps?)\b",
        r"(?:brackets?|parenthes[ie]s|stack|queue)\b.{0,120}\b(?:closed?|balanced|match\w*|push\w*|pop\w*|"
        r"properly)\b",
        r"(?:grids?|chess ?board|mazes?|sudoku|queens|cellular automat\w+|game of life|tower of hanoi|"
        r"jugs?)\b",
        r"(?:rows?|columns?)\b.{0,200}\b(?:rows?|columns?|cells?)\b",
        r"arranged in a (?:row|line|circle|fixed order)\b",
        r"(?:simulat\w+|monte carlo|random walk|iterat\w+|repeat(?:ed|edly)? (?:until|this|the))\b",
        r"until no (?:further|more|other)\b",
        r"svg\b",
        r"(?:nodes?|vert(?:ex|ices))\b.{0,200}\b(?:edges?|graph|connect\w*)\b",
    ),
    rule(
        "code",
        "asks for formal logic",
        r"truth (?:tables?|values?|assignments?)\b",
        r"(?:boolean|satisfiab\w+|tautolog\w+|propositional|cnf|dnf)\b",
        r"(?:not|and|or) \(? ?(?:not )?(?:true|false)\b",
        r"(?:knights? and knaves?|liars?|tells? the truth|always lies?|logic puzzle|cryptarithm\w*|"
        r"zebra puzzle)\b",
        r"logically consistent\b",
        r"(?:left|right|above|below|older|younger|taller|shorter|before|after|ahead) (?:of|than)\b.{0,300}"
        r"\b(?:left|right|above|below|older|younger|taller|shorter|before|after|ahead) (?:of|than)\b",
        r"(?:how (?:is|are) \w+ related|what relation is \w+) to\b",
        r"deduce\b.{0,100}\b(?:conditions?|clues?|password|code)\b",
    ),
    rule(
        "code",
        "asks for a quantity after facts",
        r"[.!,;] (?:so |then )?how (?:many|much)\b",
        after=r"",
    ),
    rule(
        "code",
        "asks for a conversion of units",
        r"express(?:ed)? (?:\w+ ){0,3}(?:in|as)\b.{0,200}\d|\d.{0,200}\bexpress(?:ed)? (?:\w+ ){0,3}(?:in|"
        r"as)\b",
        r"convert\b.{0,60}\d",
        r"how many (?:\w+ ){1,3}(?:are )?(?:there )?in \d",
        r"\d+(?:\.\d+)? ?(?:km/h|mph|kg|km|cm|mm|miles?|pounds?|ounces?|feet|inches|gallons?|lit(?:er|"
        r"re)s?|°?[cf])\b"
        r".{0,20}\b(?:in|to|into)\b",
    ),
)
