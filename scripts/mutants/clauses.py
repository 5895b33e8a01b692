"""Edits of arguments, options, statements and the clauses of operators."""

from .corpus import OPERATORS
from .edit import Kinds, replaced
from .literals import OF_EACH_TYPE

KINDS = Kinds()
kind = KINDS.kind


def _call(query, choice):
    """The index of a call's `(` and its arguments."""
    n = query.find(choice, lambda tokens, n: n > 0 and tokens[n].text == "(" and tokens[n - 1].word)
    if n is None:
        return None, []
    return n, query.arguments(n)


@kind
def argument_missing(query, choice):
    """A call without one of its arguments."""
    _, arguments = _call(query, choice)
    if not arguments:
        return None
    place = choice.randrange(len(arguments))
    start, end = arguments[place]
    if place + 1 < len(arguments):
        end = arguments[place + 1][0]
    elif place > 0:
        start = arguments[place - 1][1]
    return start, end, ""


@kind
def argument_extra(query, choice):
    """A call with one more argument."""
    n, arguments = _call(query, choice)
    if n is None:
        return None
    at = query.tokens[n].end
    more = choice.choice(OF_EACH_TYPE[:14])
    return at, at, f"{more}, " if arguments else more


@kind
def argument_type(query, choice):
    """An argument of another type."""
    _, arguments = _call(query, choice)
    if not arguments:
        return None
    start, end = choice.choice(arguments)
    return start, end, choice.choice(OF_EACH_TYPE)


@kind
def argument_column(query, choice):
    """An argument by a column of the query."""
    _, arguments = _call(query, choice)
    names = [token for token in query.tokens if token.word]
    if not arguments or not names:
        return None
    start, end = choice.choice(arguments)
    return start, end, choice.choice(names).text


@kind
def arguments_swapped(query, choice):
    """Two arguments change places."""
    _, arguments = _call(query, choice)
    if len(arguments) < 2:
        return None
    n = choice.randrange(len(arguments) - 1)
    (a, b), (c, d) = arguments[n], arguments[n + 1]
    return a, d, query.text[c:d] + query.text[b:c] + query.text[a:b]


@kind
def argument_named(query, choice):
    """An argument with a name, a star or an expression that is none."""
    _, arguments = _call(query, choice)
    if not arguments:
        return None
    start, end = choice.choice(arguments)
    old = query.text[start:end]
    return start, end, choice.choice([f"x = {old}", "*", f"{old} asc", f"({old})", f"{old} as x", f"distinct {old}", "", "x => x", f"[{old}]"])


@kind
def aggregate_misplaced(query, choice):
    """An aggregate where a row's value stands."""
    n = query.find(
        choice, lambda tokens, n: n > 1 and tokens[n].word and tokens[n - 1].text in ("where", "and", "or", ",", "(", "==", "extend", "=")
    )
    if n is None:
        return None
    name = query.tokens[n].text
    return replaced(query, n, choice.choice(["count()", f"max({name})", f"make_set({name})", f"countif({name})", f"dcount({name})", "sum(1)"]))


@kind
def aggregate_replaced(query, choice):
    """A scalar where an aggregate stands."""
    names = "count countif dcount make_set make_list min max sum avg arg_max arg_min take_any makeset any percentile".split()
    n = query.find(choice, lambda tokens, n: tokens[n].text in names and query.text_of(n) == "(")
    close = None if n is None else query.closing(n + 1)
    if close is None:
        return None
    inner = query.text[query.tokens[n + 1].end : query.tokens[close].start] or "1"
    forms = [inner, f"tostring({inner})", f"max(max({inner}))", "1", '"x"', f"{inner} + 1", f"count({inner})", "count(*)", f"sum({inner})", f"count() + {inner}", f"strcat({inner})", f"countif({inner})", f"arg_max({inner})", f"arg_max({inner}, *)", f"not({inner})"]
    return query.tokens[n].start, query.tokens[close].end, choice.choice(forms)


@kind
def operand_changed(query, choice):
    """One side of a comparison by something of another type."""
    marks = ("==", "=~", "!=", "<", ">", "<=", ">=", "has", "contains", "startswith", "endswith", "regex", "+", "-", "/")
    n = query.find(choice, lambda tokens, n: n > 0 and n + 1 < len(tokens) and tokens[n].text in marks)
    if n is None:
        return None
    return replaced(query, n + choice.choice([-1, 1]), choice.choice(OF_EACH_TYPE))


@kind
def operator_of_type(query, choice):
    """A comparison by an operator that takes other types."""
    marks = ("==", "=~", "!=", "<", ">", "<=", ">=", "has", "contains", "startswith", "endswith")
    others = "+ - * / % < >= =~ has contains startswith hasprefix has_cs and or in between".split() + ["matches regex", "!~"]
    return replaced(query, query.find(choice, lambda tokens, n: tokens[n].text in marks), choice.choice(others))


@kind
def negation_changed(query, choice):
    """`not` without brackets, or a negation of another language."""
    n = query.find(choice, lambda tokens, n: n > 0 and tokens[n - 1].text in ("where", "and", "or"))
    if n is None:
        return None
    at = query.tokens[n].start
    return at, at, choice.choice(["not ", "!", "~", "not", "NOT ", "-", "+", "not(", "(", "exists "])


@kind
def sort_changed(query, choice):
    """The order of `sort`, `top` or `order` in another form."""
    n = query.find(choice, lambda tokens, n: tokens[n].text in ("asc", "desc"))
    forms = ["ascending", "asc desc", "asc nulls", "asc nulls last", "nulls first", "desc nulls frist", "asc,", "ASC", "desc asc", "nulls", "asc first"]
    return replaced(query, n, choice.choice(forms))


@kind
def option_value(query, choice):
    """An option with a value it does not have."""
    n = query.find(choice, lambda tokens, n: n > 1 and tokens[n - 1].text == "=" and tokens[n - 2].text in ("kind", "isfuzzy", "withsource", "bagexpansion"))
    if n is None:
        return None
    forms = ["outer", "left", "Inner", "'inner'", "1", "leftouter", "inner", "leftanti", "leftsemi", "rightouter", "fullouter", "cross", "yes", "true", "", "= inner", "x", "simple", "regex", "array", "anti", "innerunique"]
    return replaced(query, n, choice.choice(forms))


@kind
def option_added(query, choice):
    """An option at an operator, known there or not."""
    n = query.find(choice, lambda tokens, n: tokens[n].text in OPERATORS and n > 0 and tokens[n - 1].text == "|")
    if n is None:
        return None
    at = query.tokens[n].end
    forms = ["kind=inner", "kind=x", "hint.strategy=shuffle", "hint.x=1", "isfuzzy=true", "withsource=Source", "foo=1", "kind", "hint.shufflekey=Computer", "flags=i", "with_itemindex=i", "hint.remote=left", "kind=inner kind=inner", "decodeblocks=true", "with (x=1)"]
    return at, at, " " + choice.choice(forms)


@kind
def join_condition(query, choice):
    """The condition of a join or lookup in another form."""
    n = query.find(choice, lambda tokens, n: tokens[n].text == "on" and n + 1 < len(tokens))
    if n is None:
        return None
    last = n + 1
    while last + 1 < len(query.tokens) and query.tokens[last + 1].text not in ("|", ")", ";", "}"):
        last += 1
    start, end = query.tokens[n + 1].start, query.tokens[last].end
    old = query.text[start:end]
    name = next((token.text for token in query.tokens[n + 1 : last + 1] if token.word and token.text[0] != "$"), "x")
    forms = [
        f"$left.{name} == $left.{name}", f"$left.{name} != $right.{name}", f"{name} == {name}", f"$left.{name} = $right.{name}",
        f"$left.{name} == $right.{name}Zz", f"tolower({name})", f"{name} =~ {name}", "1", "true", f"$left.{name}", f"{old} and {name}",
        f"{old}, {name}", f"$left.{name} == $right.{name} or true", f"{name}, {name}", f"${name}", "", f"$right.{name} == $left.{name}",
        f"left.{name} == right.{name}", f"$left.{name} == tolower($right.{name})", f"$left.{name} == 'x'", f"({old})",
        f"$left.['{name}'] == $right.['{name}']", f"$left.{name} == $right.{name}, ", f"{old} where 1 == 1", f"$left == $right",
    ]  # fmt: skip
    return start, end, choice.choice(forms)


@kind
def item_doubled(query, choice):
    """An item of a list again: a column or parameter of the same name."""
    n = query.find(choice, lambda tokens, n: tokens[n].word and query.text_of(n) == "=" and query.text_of(n, -1) in (",", "extend", "project", "summarize", "by"))
    if n is None:
        return None
    name = query.tokens[n].text
    at = query.tokens[n].start
    return at, at, choice.choice([f"{name} = 1, ", f"{name} = count(), ", f"{name}, ", f"({name}, y) = 1, ", f"{name} == 1, ", f"{name} = {name}, ", f"{name} = "])


@kind
def let_broken(query, choice):
    """A `let` without `;`, name, `=` or value, twice, or naming itself."""
    n = query.find(choice, lambda tokens, n: tokens[n].text == "let" and n + 3 < len(tokens))
    if n is None:
        return None
    last = n
    while last + 1 < len(query.tokens) and query.tokens[last].text != ";":
        last += 1
    let, name, equal, value, end = (query.tokens[place] for place in (n, n + 1, n + 2, n + 3, last))
    whole = query.text[let.start : end.end]
    forms = [
        (end.start, end.end, ""), (name.start, name.end, ""), (equal.start, equal.end, ""), (value.start, value.end, ""),
        (let.start, let.start, whole + "\n"), (value.start, value.end, name.text), (value.start, end.start, ""), (equal.start, equal.end, "=="),
        (let.start, end.end, ""), (equal.start, equal.end, ":="), (name.start, name.end, name.text + "2"), (equal.start, equal.end, ": string ="),
        (end.start, end.end, ",") , (value.start, value.end, name.text + "()"), (let.start, let.end, "let let"), (value.start, end.start, "view () { 1 }"),
    ]  # fmt: skip
    return choice.choice(forms)


@kind
def let_moved(query, choice):
    """Two statements change places, so that a name comes before its `let`."""
    ends = [n for n, token in enumerate(query.tokens) if token.text == ";"]
    if not ends:
        return None
    place = choice.randrange(len(ends))
    begin = 0 if place == 0 else ends[place - 1] + 1
    following = ends[place + 1] if place + 1 < len(ends) else len(query.tokens) - 1
    if following <= ends[place]:
        return None
    one = query.text[query.tokens[begin].start : query.tokens[ends[place]].start]
    two = query.text[query.tokens[ends[place] + 1].start : query.tokens[following].end].rstrip(";")
    return query.tokens[begin].start, query.tokens[following].end, f"{two};\n{one};" if choice.random() < 0.5 else f"{two};\n{one}"


@kind
def lambda_changed(query, choice):
    """A function in front of the query, right or wrong, and a use of it."""
    at = 0
    forms = [
        "let f = (a: long) { a + 1 }; print f('x', 1);\n", "let f = (a: string, a: string) { a };\n", "let f = (a: strng) { a };\n",
        "let f = (a) { a };\n", "let f = (a: long = 1, b: long) { a + b };\nprint f(1);\n", "let f = () { f() };\nprint f();\n",
        "let f = (T: (*)) { T | count };\nprint toscalar(f(Heartbeat));\n", "let f = (T: (Computer: string)) { T | count };\nSigninLogs | invoke f();\n",
        "let f = (a: long) { a + };\n", "let f = (a: long) { unknown_name };\n", "let f = (a: long = 'x') { a };\nprint f();\n", "let f = (a: long) a + 1;\n",
        "let f = (a: long) => a;\n", "let f = (a: long) { a; };\n", "let f = (a: long) { let b = a };\nprint f(1);\n", "let f = (a: long) { Heartbeat | where x == a };\nf(1);\n",
        "let f = (a: long) { Heartbeat | take a };\nf(1);\n", "let f = (a: long, b: string = 'x') { strcat(a, b) };\nprint f(b = 'y', a = 1);\n", "let f = (a: long) { a };\nprint f;\n",
        "let f = (a: long) { a };\nprint f(c = 1);\n", "let f = (a: long) { a };\nprint f(Heartbeat);\n", "let f = (T: (*)) { T };\nf(1);\n", "let f = (a: dynamic) { a };\nprint f(1);\n",
        "let f = view () { Heartbeat };\nunion f;\n", "let f = (a: string) { print x = a };\nf(1) | where y == 1;\n", "let x = 1; let x = 2;\n", "let x = ;\n", "let = 1;\n", "let x 1;\n", "let x = 1\n", "let x = y; let y = 1;\n",
        "let 1x = 1;\n", "let x = Heartbeat | take 1; print toscalar(x | count) + x;\n", "let x = dynamic([1]); print x + 'a';\n", "declare query_parameters(a: long = 1);\nprint a;\n", "declare query_parameters(a: long = 'x', b);\n",
        "set notruncation;\n", "set query_now = ;\n", "set x;y;\n", "let x = datatable(a: long) [1, 2];\nx | where b == 1;\n", "let x = datatable(a: long, b: string) [1];\n", "let x = datatable(a: lng) [1];\n", "let x = datatable(a: long) [1, 'x' 'y'];\n",
        "let x = datatable(a: long, a: string) [1, 'x'];\n", "let x = range y from 1 to 10 step 1;\nx | where z > 1;\n", "let x = range y from 1 to 'a' step 1;\n", "let x = range y from 1 step 1;\n", "let x = print 1;\nx | project print_1;\n", "let x = materialize(Heartbeat);\nx | take;\n", "let x = toscalar(Heartbeat);\nprint x;\n", "let x = toscalar(1);\n", "let x = externaldata(a: string)['http://x'] with (format='csv');\nx | where b == 1;\n", "let x = externaldata(a)['http://x'];\n",
    ]  # fmt: skip
    return at, at, choice.choice(forms)


@kind
def project_changed(query, choice):
    """A list of columns by another kind of list."""
    n = query.find(choice, lambda tokens, n: tokens[n].text.startswith("project") or tokens[n].text in ("extend", "distinct"))
    if n is None:
        return None
    names = [token.text for token in query.tokens if token.word] or ["x"]
    one, two = choice.choice(names), choice.choice(names)
    forms = [
        f"project-rename {one} = {two}", f"project-rename {two}", f"project-away {one}", "project-away x*", f"project-keep {one}, {one}", f"project {one}, {one}", f"project {one} as {two}",
        f"project-reorder {one} asc", f"project-reorder {one} first", f"extend {one}", f"extend {one} {two}", f"distinct {one}, {two}", "distinct *", "distinct", f"distinct {one} = 1", f"project-away {one} = 1", f"project-rename {one} = {one}", f"project -{one}", "project *", f"extend {one} == 1", f"project-rename x = {one}, x = {two}",
    ]  # fmt: skip
    start = query.tokens[n].start
    last = n
    while last + 1 < len(query.tokens) and query.tokens[last + 1].text not in ("|", ")", ";", "}"):
        last += 1
    return start, query.tokens[last].end, choice.choice(forms)
