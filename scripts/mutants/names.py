"""Edits of names: columns, tables, functions, plugins, operators, keywords."""

from .corpus import OPERATORS
from .edit import Kinds, replaced

KINDS = Kinds()
kind = KINDS.kind


def _recase(text, choice):
    return choice.choice([text.lower(), text.upper(), text[:1].swapcase() + text[1:], text.capitalize()])


def _typo(text, choice):
    """A letter lost, doubled, swapped or another one."""
    at = choice.randrange(len(text))
    forms = [
        text[:at] + text[at + 1 :],
        text[:at] + text[at] + text[at:],
        text[:at] + text[at : at + 2][::-1] + text[at + 2 :],
        text[:at] + choice.choice("aeinrstxz_") + text[at + 1 :],
        text + choice.choice(["s", "Zz", "2", "_"]),
    ]
    return choice.choice(forms)


def _column(query, choice):
    def accept(tokens, n):
        return (
            tokens[n].word
            and n > 0
            and query.text_of(n) not in ("(", "-", "=")
            and query.text_of(n, -1) not in (".", "|", "evaluate", "hint", "kind", "typeof", "let")
            and tokens[n].text not in query.tables
        )

    return query.find(choice, accept)


def _call(query, choice):
    return query.find(choice, lambda tokens, n: tokens[n].word and query.text_of(n) == "(")


def _table(query, choice):
    return query.find(choice, lambda tokens, n: tokens[n].text in query.tables)


def _operator(query, choice):
    return query.find(
        choice, lambda tokens, n: tokens[n].text in OPERATORS and n > 0 and query.text_of(n, -1) == "|"
    )


@kind
def column_unknown(query, choice):
    """A column with a typing error."""
    n = _column(query, choice)
    return None if n is None else replaced(query, n, _typo(query.tokens[n].text, choice))


@kind
def column_case(query, choice):
    """A column in other case."""
    n = _column(query, choice)
    return None if n is None else replaced(query, n, _recase(query.tokens[n].text, choice))


@kind
def column_other(query, choice):
    """A column in place of another one."""
    n, other = _column(query, choice), _column(query, choice)
    return None if n is None else replaced(query, n, query.tokens[other].text)


@kind
def table_unknown(query, choice):
    """A table with a typing error."""
    n = _table(query, choice)
    return None if n is None else replaced(query, n, _typo(query.tokens[n].text, choice))


@kind
def table_case(query, choice):
    """A table in other case."""
    n = _table(query, choice)
    return None if n is None else replaced(query, n, _recase(query.tokens[n].text, choice))


@kind
def table_other(query, choice):
    """Another table."""
    tables = ["SigninLogs", "SecurityEvent", "Heartbeat", "DeviceProcessEvents", "AzureActivity", "Syslog", "Usage"]
    return replaced(query, _table(query, choice), choice.choice(tables))


@kind
def function_unknown(query, choice):
    """A function with a typing error."""
    n = _call(query, choice)
    return None if n is None else replaced(query, n, _typo(query.tokens[n].text, choice))


@kind
def function_case(query, choice):
    """A function in other case."""
    n = _call(query, choice)
    return None if n is None else replaced(query, n, _recase(query.tokens[n].text, choice))


@kind
def function_other(query, choice):
    """Another function."""
    others = """tolower tostring strlen count countif dcount make_set arg_max ago bin iff case split strcat substring
        extract datetime_diff format_datetime parse_json todynamic array_length bag_keys ipv4_is_private isempty
        isnotempty toint tolong todouble sum avg max min percentile any take_any prev next row_number now startofday
        hash_sha256 base64_decode_tostring parse_url geo_info_from_ip_address materialize toscalar series_fit_line
        column_ifexists pack_all bag_unpack round abs floor trim replace_string has_any_index endofday""".split()
    return replaced(query, _call(query, choice), choice.choice(others))


@kind
def function_of_sql(query, choice):
    """A function of another language."""
    others = "upper lower len length concat nvl ifnull isnull coalesce to_char datediff getdate left cast".split()
    return replaced(query, _call(query, choice), choice.choice(others))


@kind
def operator_unknown(query, choice):
    """A tabular operator with a typing error."""
    n = _operator(query, choice)
    return None if n is None else replaced(query, n, _typo(query.tokens[n].text, choice))


@kind
def operator_case(query, choice):
    """A tabular operator in other case."""
    n = _operator(query, choice)
    return None if n is None else replaced(query, n, _recase(query.tokens[n].text, choice))


@kind
def operator_other(query, choice):
    """Another tabular operator."""
    return replaced(query, _operator(query, choice), choice.choice(OPERATORS))


@kind
def operator_of_sql(query, choice):
    """A tabular operator of another language."""
    others = "select having group head tail stats table dedup fields rename eval sort_by orderby drop".split()
    return replaced(query, _operator(query, choice), choice.choice(others))


@kind
def operator_first(query, choice):
    """The query begins with a pipe or an operator."""
    n = _operator(query, choice)
    return None if n is None else (0, 0, choice.choice(["| ", query.tokens[n].text + " ", "| | "]))


@kind
def plugin_unknown(query, choice):
    """A plugin that does not exist."""
    n = query.find(choice, lambda tokens, n: n > 0 and tokens[n - 1].text == "evaluate")
    if n is None:
        return None
    name = query.tokens[n].text
    return replaced(query, n, choice.choice([_typo(name, choice), _recase(name, choice), "tostring", "count"]))


KEYWORDS = {
    "by": ["on", "BY", "", "group by", "per", "bye"],
    "on": ["by", "ON", "", "where", "using", "onn"],
    "asc": ["ascending", "ASC", "up"],
    "desc": ["descending", "DESC", "dsc"],
    "has": ["HAS", "contain", "like", "includes", "hass"],
    "contains": ["contain", "CONTAINS", "includes", "like", "contains_ci"],
    "startswith": ["starts_with", "startsWith", "beginswith", "StartsWith"],
    "endswith": ["ends_with", "endsWith", "EndsWith"],
    "in": ["IN", "within", "In", "has", "==", "not in"],
    "in~": ["in ~", "IN~", "in_ci", "~in"],
    "!in": ["not in", "!IN", "! in", "notin"],
    "has_any": ["hasany", "has any", "HAS_ANY", "contains_any", "in_any"],
    "has_all": ["hasall", "has all", "contains_all"],
    "between": ["BETWEEN", "in", "betwen", "is between"],
    "matches": ["match", "Matches", "matchesregex", "=~"],
    "regex": ["regexp", "", "Regex"],
    "kind": ["kinds", "type", "Kind", "Kind "],
    "to": ["as", "To", "TO"],
    "typeof": ["type", "TypeOf", "cast"],
    "with": ["using", "With", ""],
    "from": ["From", "in", ""],
    "step": ["Step", "by", ""],
    "let": ["Let", "LET", "var", "set", "lett", ""],
    "union": ["Union", "UNION", "join", "merge"],
    "true": ["True", "TRUE", "yes", "1"],
    "false": ["False", "FALSE", "no", "0"],
    "not": ["NOT", "!", "Not", "no"],
    "nulls": ["null", "Nulls"],
    "first": ["First", "top"],
}


@kind
def keyword_changed(query, choice):
    """A keyword by a similar word."""
    n = query.find(choice, lambda tokens, n: tokens[n].text in KEYWORDS)
    return None if n is None else replaced(query, n, choice.choice(KEYWORDS[query.tokens[n].text]))


@kind
def keyword_missing(query, choice):
    """`by`, `on`, `kind`, `with`, `to`, ... left out."""
    words = ("by", "on", "kind", "with", "to", "from", "step", "typeof", "in", "between", "of", "has", "let")
    return replaced(query, query.find(choice, lambda tokens, n: tokens[n].text in words), "")


RESERVED = """where by on project extend summarize join union let order asc desc and or in has contains between like
    kind with to from step print range datatable take limit top count distinct true false null typeof string int
    datetime dynamic set declare as of default render sort parse evaluate search find filter title nulls""".split()


@kind
def name_reserved(query, choice):
    """A word of the language as a name that is declared."""
    n = query.find(choice, lambda tokens, n: tokens[n].word and query.text_of(n) == "=")
    return replaced(query, n, choice.choice(RESERVED))


@kind
def reference_reserved(query, choice):
    """A word of the language where a column stands."""
    return replaced(query, _column(query, choice), choice.choice(RESERVED))


@kind
def name_malformed(query, choice):
    """A name with a blank, a hyphen or a leading digit."""
    n = query.find(choice, lambda tokens, n: tokens[n].word)
    if n is None:
        return None
    name = query.tokens[n].text
    return replaced(
        query, n, choice.choice([f"{name} x", f"{name}-x", f"1{name}", f"[{name}]", f'["{name}"]', f"'{name}'", f"@{name}"])
    )


@kind
def member_added(query, choice):
    """A member or element of a name, or an argument list after it."""
    n = _column(query, choice)
    if n is None:
        return None
    return replaced(query, n, query.tokens[n].text + choice.choice([".x", "[0]", "['x']", "()", ".x.y", "[x]", "."]))


@kind
def scalar_for_table(query, choice):
    """A value where a table stands."""
    return replaced(query, _table(query, choice), choice.choice(["1", '"x"', "now()", "dynamic([1])", "(1)", "strlen('a')"]))


@kind
def table_for_scalar(query, choice):
    """A table where a value stands."""
    n = query.find(choice, lambda tokens, n: tokens[n].kind in ("string", "number") and n > 0)
    return replaced(query, n, choice.choice(["SigninLogs", "(SigninLogs | take 1)", "(Heartbeat)", "range(1, 2, 1)"]))
