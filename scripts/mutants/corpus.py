"""The queries to break, and their tokens."""

import json
import re
from functools import cached_property

# Queries above this many characters take long to judge and show nothing that shorter ones don't.
LONGEST = 6000

TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*)
    |(?P<string>[hH]?@"(?:[^"]|"")*"|[hH]?@'(?:[^']|'')*'|[hH]?"(?:[^"\\\n]|\\.)*"|[hH]?'(?:[^'\\\n]|\\.)*'|```.*?```)
    |(?P<literal>\b(?:datetime|timespan|time|guid|decimal|real|int|long|bool|dynamic)\s*\([^()\n]*\))
    |(?P<number>\d+(?:\.\d+)?(?:[a-zA-Z]+)?)
    |(?P<name>!?[A-Za-z_$][A-Za-z0-9_]*(?:-(?:away|keep|rename|reorder|expand|apply|where|kv|series|match|distinct|nested|hitters|by|smart))*~?)
    |(?P<punctuation>\|\||&&|==|=~|!=|!~|<>|<=|>=|=>|\.\.|[^\sA-Za-z0-9_])""",
    re.VERBOSE | re.DOTALL,
)

OPERATORS = """as consume count datatable distinct evaluate extend facet find fork getschema invoke join limit lookup
    make-series mv-apply mv-expand mvexpand order parse parse-kv parse-where partition print project project-away
    project-keep project-rename project-reorder range reduce render sample sample-distinct scan search serialize sort
    summarize take top top-hitters top-nested union where filter externaldata graph-match make-graph""".split()
WORDS = """and or by on asc desc nulls first last contains contains_cs !contains !contains_cs has has_cs !has has_any
    has_all hasprefix hassuffix startswith !startswith startswith_cs endswith !endswith endswith_cs in in~ !in !in~
    between !between matches regex like with kind to typeof from step default let set declare of true false null
    isfuzzy withsource hint flags limit in""".split()


class Token:
    """A piece of text with its kind and place."""

    def __init__(self, kind, text, start):
        self.kind, self.text, self.start, self.end = kind, text, start, start + len(text)

    @property
    def word(self):
        """True for a name that is no word of the language."""
        return self.kind == "name" and self.text not in WORDS and self.text not in OPERATORS


class Query:
    """A query of the corpora."""

    def __init__(self, line):
        self.id, self.text, self.dialect = line["id"], line["query"], line.get("dialect")
        self.tables = line.get("tables", [])

    @cached_property
    def tokens(self):
        """Tokens without comments."""
        found = (Token(match.lastgroup, match.group(), match.start()) for match in TOKEN.finditer(self.text))
        return [token for token in found if token.kind != "comment"]

    def apply(self, edit):
        """The text after an edit."""
        data = self.text.encode()
        at, cut = edit["at"], edit["cut"]
        return (data[:at] + edit["put"].encode() + data[at + cut :]).decode()

    def find(self, choice, accept):
        """The index of some token that `accept(tokens, index)` takes."""
        places = [n for n in range(len(self.tokens)) if accept(self.tokens, n)]
        return choice.choice(places) if places else None

    def text_of(self, n, ahead=1):
        """The text of the token `ahead` further; empty beyond the ends."""
        place = n + ahead
        return self.tokens[place].text if 0 <= place < len(self.tokens) else ""

    def closing(self, n):
        """The index of the bracket that closes the one at `n`."""
        depth = 0
        for place in range(n, len(self.tokens)):
            text = self.tokens[place].text
            depth += (text in "([{") - (text in ")]}") if len(text) == 1 else 0
            if depth == 0:
                return place
        return None

    def arguments(self, n):
        """The (start, end) of each argument of the call whose `(` is at `n`."""
        close = self.closing(n)
        if close is None or close == n + 1:
            return []
        parts, begin, depth = [], n + 1, 0
        for place in range(n + 1, close + 1):
            text = self.tokens[place].text
            if depth == 0 and (text == "," or place == close):
                if place > begin:
                    parts.append((self.tokens[begin].start, self.tokens[place - 1].end))
                begin = place + 1
            elif len(text) == 1:
                depth += (text in "([{") - (text in ")]}")
        return parts


def load(corpora):
    """The queries that the official analyzer finds nothing wrong with."""
    found = []
    for name in ("kql-rules/queries.jsonl", "kql-docs/conformance.jsonl"):
        with open(corpora / name, encoding="utf-8") as file:
            for line in map(json.loads, file):
                faults = line.get("official_semantic_errors") or line.get("official", {}).get("semantic_errors")
                if not faults and len(line["query"]) <= LONGEST:
                    found.append(Query(line))
    return found


def byte_span(text, start, length):
    """The bytes of a span in UTF-16 units."""
    units = text.encode("utf-16-le")

    def size(end):
        return len(units[: end * 2].decode("utf-16-le", "ignore").encode())

    return [size(start), size(start + length)]
