"""Edits of literals: broken ones, ones of another type, escapes."""

import re

from .edit import Kinds, replaced

KINDS = Kinds()
kind = KINDS.kind


def _literal(query, choice):
    return query.find(choice, lambda tokens, n: tokens[n].kind in ("string", "number", "literal"))


OF_EACH_TYPE = [
    "1", "-1", "1.5", "1e3", '"x"', "true", "1d", "time(1h)", "datetime(2024-01-02)", "now()", "dynamic([1, 2])",
    'dynamic({"a": 1})', "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)", "long(null)", "int(3)", "decimal(1.5)", "null",
    "dynamic(null)", "ago(1d)", "real(nan)", "typeof(string)", "*", "()", "(1, 2)", "[1, 2]",
]  # fmt: skip


@kind
def literal_type(query, choice):
    """A literal of another type."""
    return replaced(query, _literal(query, choice), choice.choice(OF_EACH_TYPE))


@kind
def string_type(query, choice):
    """A value of another type for a string."""
    n = query.find(choice, lambda tokens, n: tokens[n].kind == "string")
    return replaced(query, n, choice.choice(OF_EACH_TYPE))


BROKEN = {
    "datetime": ["datetime(2024-13-01)", "datetime(2024-02-30)", "datetime(yesterday)", "datetime()", "datetime(2024-01-01 25:00)",
        'datetime("2024-01-01")', "datetime(01/02/2024)", "datetime(2024-01-01T00:00:00Z)", "datetime(null)", "datetime(2024)",
        "datetime 2024-01-01", "datetime(2024-01-01"],
    "timespan": ["1x", "1 d", "timespan(1x)", "time(1.02:03:04)", "timespan(25:61)", "timespan('1d')", "1dd", "d1", "timespan(null)",
        "timespan(1:2:3:4)", "1day", "2hours", "5min", "1m30s", "P1D", "-1d", "1.5h", "1microsecond", "1tick", "time()"],
    "guid": ["guid(123)", "guid(74be27de1e4e49d9b579fe0b331d3642)", "guid('74be27de-1e4e-49d9-b579-fe0b331d3642')", "guid(null)",
        "guid(74be27de-1e4e-49d9-b579-fe0b331d364)", "guid({74be27de-1e4e-49d9-b579-fe0b331d3642})"],
    "dynamic": ["dynamic([1,", "dynamic([1 2])", "dynamic({a: 1})", "dynamic({'a': 1})", "dynamic(['a', 'b'])", "dynamic([1,])",
        "dynamic()", "dynamic(x)", "dynamic([datetime(2024-01-01)])", "dynamic({\"a\" 1})", "dynamic(\"x\")", "dynamic([a])",
        "dynamic({\"a\": 1, \"a\": 2})", "dynamic 1", "dynamic([[1], {\"b\": null}])", "dynamic([1, 2]", "dynamic({)"],
    "number": ["1a", "0x1G", "0xFF", "1.2.3", "1e", "1_000", "1,000", ".5", "5.", "99999999999999999999", "int(99999999999)",
        "long(x)", "real(1.5)", "int(1.5)", "bool(2)", "bool(maybe)", "decimal(x)", "1e400", "-5", "+5", "--5", "1L", "real(null)"],
    "string": ['"a', "'a", '"a\\q"', '"a\\u00e"', "'it's'", '@"a\\"', '@"a""b"', 'h"x"', "```a```", '"a\nb"', "'\\x41'", '""', "\"a\" \"b\"",
        'r"a"', 'f"a"', '$"a"', '"\\\\"', "'\\''", '@\'a\'', "\"a\\\"", "'a''b'", '"a""b"'],
}  # fmt: skip


@kind
def literal_broken(query, choice):
    """A literal that cannot be read, or can only just."""
    return replaced(query, _literal(query, choice), choice.choice(BROKEN[choice.choice(list(BROKEN))]))


@kind
def datetime_broken(query, choice):
    """The same, of datetimes and timespans, where such literals stand."""
    n = query.find(choice, lambda tokens, n: re.match(r"datetime|time|\d+(d|h|m|s)\b", tokens[n].text) is not None)
    return replaced(query, n, choice.choice(BROKEN["datetime"] + BROKEN["timespan"]))


@kind
def dynamic_broken(query, choice):
    """An element of a dynamic literal broken, doubled or of another form."""
    n = query.find(choice, lambda tokens, n: tokens[n].text == "dynamic" and query.text_of(n) == "(")
    close = None if n is None else query.closing(n + 1)
    if close is None:
        return None
    inner = [place for place in range(n + 2, close)]
    if not inner:
        return None
    token = query.tokens[choice.choice(inner)]
    put = choice.choice(["", token.text * 2, "x", "1 +", "now()", ":", ",", "datetime(2024-01-01)", "'a'", "null", "{}", "[", "1d", "true"])
    return token.start, token.end, put


@kind
def string_escape(query, choice):
    """A backslash inside a string."""
    n = query.find(choice, lambda tokens, n: tokens[n].kind == "string" and len(tokens[n].text) > 2)
    if n is None:
        return None
    token = query.tokens[n]
    at = choice.randint(token.start + 1, token.end - 1)
    return at, at, choice.choice(["\\", "\\\\", "\\q", "\\n", "\\u12", "\\.", "\\d", "\n", "\t", '"', "'"])


@kind
def string_prefix(query, choice):
    """A string of another form."""
    n = query.find(choice, lambda tokens, n: tokens[n].kind == "string")
    if n is None:
        return None
    text = query.tokens[n].text
    return replaced(query, n, choice.choice(["@", "h", "H@", "b", "@@", "h@", "```"]) + text)


@kind
def list_changed(query, choice):
    """The list after `in` without its brackets, with others, empty or nested."""
    n = query.find(
        choice,
        lambda tokens, n: n > 0 and tokens[n].text == "(" and tokens[n - 1].text in ("in", "in~", "!in", "!in~", "has_any", "has_all"),
    )
    close = None if n is None else query.closing(n)
    if close is None:
        return None
    inner = query.text[query.tokens[n].end : query.tokens[close].start]
    forms = [inner, f"[{inner}]", "()", f"(({inner}))", f"({inner},)", "(SigninLogs)", "(1, 'x')", f"({inner}, 1)", f"{{{inner}}}", "(T)", "(now())", "(dynamic(['a']), 'b')"]
    return query.tokens[n].start, query.tokens[close].end, choice.choice(forms)


@kind
def between_changed(query, choice):
    """The range of `between` in another form."""
    n = query.find(choice, lambda tokens, n: tokens[n].text in ("between", "!between") and query.text_of(n) == "(")
    close = None if n is None else query.closing(n + 1)
    if close is None:
        return None
    inner = query.text[query.tokens[n + 1].end : query.tokens[close].start]
    forms = [inner, f"({inner.replace('..', ',')})", f"({inner.replace('..', ' and ')})", f"({inner.replace('..', '...')})",
        f"[{inner}]", "(1 .. 'x')", "(ago(1d) .. 5)", "(1..2)", "('a' .. 'b')", "(now(-1d) .. 1h)", f"({inner.split('..')[0]})",
        f"({inner} .. 1)", f"({inner.replace('..', ':')})", "()", "(.. 1)", "(1 ..)"]  # fmt: skip
    return query.tokens[n + 1].start, query.tokens[close].end, choice.choice(forms)
