"""Edits of whole stages: what stands between two pipes, and where a pipeline begins and ends."""

from .corpus import OPERATORS
from .edit import Kinds
from .tails import TAILS, forms

KINDS = Kinds()
kind = KINDS.kind

TEMPLATES = [form for templates in TAILS.values() for form in forms(templates)]

SOURCES = """print|print 1, 2|print x = 1, x = 2|print x|print x = {c}|print x = count()|range x from 1 to 10 step 1|range x from 1 to 10|range x 1 to 10 step 1|
    range x from 'a' to 'b' step 1|range x from ago(1d) to now() step 1h|range x from ago(1d) to now() step 1|range from 1 to 2 step 1|range x from 1 to 10 by 1|range x in 1 to 10 step 1|datatable (x: long) [1, 2]|datatable (x: long, y: string) [1]|
    datatable (x: lng) [1]|datatable (x) [1]|datatable [1]|datatable (x: long) (1)|datatable (x: long)|datatable (x: long, x: long) [1, 2]|datatable x: long [1]|datatable (x: long) ['a']|datatable (x: dynamic) [{c}]|datatable (x: long) [1, ]|datatable (x: long y: long) [1, 2]|
    union Heartbeat, SigninLogs|union Heartbeat SigninLogs|union|union (Heartbeat), (SigninLogs)|union kind=inner Heartbeat, SigninLogs|union withsource=T Heartbeat|union withsource Heartbeat|union withsource='T' Heartbeat|union Heartbeat, Zz|union isfuzzy=true Heartbeat, Zz|union isfuzzy Heartbeat|union Dev*, Sign*|union Zz*|union *|
    search 'x'|search in (Heartbeat, SigninLogs) 'x'|search in (Zz) 'x'|search in Heartbeat 'x'|search Computer == 'x'|search kind=case_sensitive in (Heartbeat) Computer : 'x'|find where Computer == 'x'|find in (Heartbeat) where Computer == 'x'|find in (Heartbeat) where {c} == 'x'|find 'x'|find in (Heartbeat) 'x' project Computer|find in (Heartbeat) where Computer has 'x' project Zz|find in (Heartbeat, SigninLogs) where TimeGenerated > ago(1d) project TimeGenerated, pack_all()|
    externaldata (x: string) ['https://a/b']|externaldata (x: string) ['https://a/b'] with (format='csv')|externaldata (x: strng) ['https://a/b']|externaldata (x: string) 'https://a/b'|externaldata (x: string)|externaldata (x: string) ['a' 'b']|externaldata (x) ['https://a/b']|externaldata ['https://a/b']|externaldata (x: string) ['https://a/b'] with format='csv'|
    table('Heartbeat')|table('Zz')|table(Heartbeat)|table()|table('Heartbeat', 'hotcache')|materialize(Heartbeat)|materialize(1)|materialize()|materialize(Heartbeat | take 5)|toscalar(Heartbeat | count)|view() {{ Heartbeat }}|evaluate bag_unpack(1)|(Heartbeat)|(Heartbeat | take 5)|(Heartbeat | take 5|Heartbeat()|{c}|1|'x'|{c}()|_GetWatchlist('x')|_GetWatchlist(x)|_GetWatchlist()|datatable(x: string)['a'] as t|
    workspace('x').Heartbeat|workspace('x').Zz|database('x').Heartbeat|cluster('x').database('y').Heartbeat|let x = 5|let x = Heartbeat; x|let f = () {{ Heartbeat }}; f|let f = (n: long) {{ Heartbeat | take n }}; f('x')|let f = (n: long) {{ Heartbeat | take n }}; f()|let f = (T: (Computer: string)) {{ T | where Computer == 'x' }}; f(SigninLogs)|let f = (T: (Computer: string)) {{ T | where Computer == 'x' }}; f(Heartbeat)|let f = (T: (*)) {{ T | where zz == 'x' }}; f(Heartbeat)|let f = (T: (Computer: string), n: long) {{ T | take n }}; f(5, Heartbeat)"""


def _depths(query):
    """The depth of brackets at each token."""
    depth, found = 0, []
    for token in query.tokens:
        depth -= token.text in (")", "]", "}")
        found.append(depth)
        depth += token.text in ("(", "[", "{")
    return found


def _stages(query):
    """The (start, end) of what follows each pipe, by pipeline."""
    depths, open_at, pipelines = _depths(query), {}, []

    def close(depth, end):
        for level in [level for level in open_at if level >= depth]:
            stages = open_at.pop(level)
            stages[-1][1] = end
            pipelines.append([tuple(stage) for stage in stages])

    for n, token in enumerate(query.tokens):
        if n and token.text in (")", "]", "}", ";", ","):
            close(depths[n] + (token.text in (")", "]", "}")), query.tokens[n - 1].end)
        elif token.text == "|" and n + 1 < len(query.tokens):
            stages = open_at.setdefault(depths[n], [])
            if stages:
                stages[-1][1] = query.tokens[n - 1].end
            stages.append([query.tokens[n + 1].start, None])
    if query.tokens:
        close(0, query.tokens[-1].end)
    return pipelines


def _pipeline(query, choice, least):
    found = [stages for stages in _stages(query) if len(stages) >= least]
    return choice.choice(found) if found else None


def _filled(form, query, choice):
    names = [token.text for token in query.tokens if token.word] or ["x"]
    text = form.replace("{c}", choice.choice(names)).replace("{d}", choice.choice(names))
    return text.replace("{{", "{").replace("}}", "}")


@kind
def stage_deleted(query, choice):
    """A stage is left out, so that a later one lacks its columns."""
    stages = _pipeline(query, choice, 2)
    if stages is None:
        return None
    n = choice.randrange(len(stages) - 1)
    return stages[n][0], stages[n + 1][0], ""


@kind
def stages_swapped(query, choice):
    """Two neighbouring stages change places."""
    stages = _pipeline(query, choice, 2)
    if stages is None:
        return None
    n = choice.randrange(len(stages) - 1)
    (start, middle), (begin, end) = stages[n], stages[n + 1]
    return start, end, query.text[begin:end] + "\n| " + query.text[start:middle]


@kind
def stage_moved(query, choice):
    """A stage stands again at another place of some pipeline."""
    stages, other = _pipeline(query, choice, 1), _pipeline(query, choice, 1)
    if stages is None:
        return None
    start, end = choice.choice(stages)
    at = choice.choice(other)[1]
    return at, at, "\n| " + query.text[start:end]


@kind
def stage_inserted(query, choice):
    """One more operator in the middle of a pipeline, also of a nested one, right or wrong."""
    stages = _pipeline(query, choice, 1)
    if stages is None:
        return None
    at = choice.choice(stages)[0]
    return at, at, _filled(choice.choice(TEMPLATES), query, choice) + "\n| "


@kind
def stage_replaced(query, choice):
    """An operator in the middle of a pipeline by another one, right or wrong."""
    stages = _pipeline(query, choice, 1)
    if stages is None:
        return None
    start, end = choice.choice(stages)
    return start, end, _filled(choice.choice(TEMPLATES), query, choice)


@kind
def clause_moved(query, choice):
    """A clause (`by ...`, `on ...`, `kind=...`) comes before the rest of its operator, or twice."""
    stages = _pipeline(query, choice, 1)
    if stages is None:
        return None
    start, end = choice.choice(stages)
    inside = [token for token in query.tokens if start <= token.start and token.end <= end]
    words = [n for n, token in enumerate(inside) if n > 1 and token.text in ("by", "on", "kind", "with", "to", "step", "from", "of", "asc", "desc", "nulls", "limit")]
    if not words:
        return None
    word = inside[choice.choice(words)].start
    head = inside[0].end
    clause, rest = query.text[word:end], query.text[head:word].strip()
    return head, end, choice.choice([f" {clause} {rest}", f" {rest} {clause} {clause}", f" {clause}", f" {rest}"])


@kind
def source_changed(query, choice):
    """What the first stages read, by another source, right or wrong."""
    found = [stages for stages in _stages(query)]
    if not found:
        return None
    stages = found[-1]
    before = [n for n, token in enumerate(query.tokens) if token.end <= stages[0][0] and token.text == ";"]
    start = query.tokens[before[-1]].end if before else 0
    source = _filled(choice.choice(forms(SOURCES)), query, choice)
    return start, choice.choice([stages[0][0] - 1, stages[-1][1]]), f"\n{source}\n" + choice.choice(["", "| take 5 "])


@kind
def statement_added(query, choice):
    """One more statement or query before or behind, with or without its `;`."""
    end = query.tokens[-1].end
    source = _filled(choice.choice(forms(SOURCES)), query, choice)
    return choice.choice(
        [
            (0, 0, f"{source}\n"),
            (0, 0, f"{source};\n"),
            (0, 0, f"let zz = {source};\n"),
            (0, 0, f"let zz = {source}\n"),
            (end, end, f";\n{source}"),
            (end, end, f"\n{source}"),
            (end, end, f"\n\n{source};"),
        ]
    )


@kind
def parenthesis_of_subquery(query, choice):
    """The brackets of a nested pipeline left out, or around something that has none."""
    opens = [
        n
        for n, token in enumerate(query.tokens)
        if token.text == "(" and query.text_of(n) and (query.text_of(n, -1) in ("join", "union", "lookup", "in", ",", "=") or query.text_of(n, -2) in ("kind", "="))
    ]
    if not opens:
        return None
    n = choice.choice(opens)
    close = query.closing(n)
    if close is None:
        return None
    start, end = query.tokens[n].start, query.tokens[close].end
    inner = query.text[start + 1 : end - 1]
    return start, end, choice.choice([inner, f"(({inner}))", f"{{{inner}}}", f"[{inner}]", f"({inner}", f"{inner})"])


@kind
def operator_without_pipe(query, choice):
    """An operator's word where an expression stands, or a clause of another operator."""
    places = [token for n, token in enumerate(query.tokens) if n and token.text in (",", "=", "==", "by", "on", "and", "(")]
    if not places:
        return None
    at = choice.choice(places).end
    word = choice.choice([*OPERATORS, "by", "on", "asc", "with", "to", "step", "and", "not", "let", "kind", "in"])
    return at, at, f" {word} "
