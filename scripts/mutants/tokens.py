"""Edits that see only tokens: left out, doubled, swapped, cut off."""

from .edit import Kinds, replaced

KINDS = Kinds()
kind = KINDS.kind


def _any(query, choice):
    return query.find(choice, lambda _tokens, _n: True)


def _mark(query, choice, marks):
    return query.find(choice, lambda tokens, n: tokens[n].text in marks)


@kind
def token_deleted(query, choice):
    """A token is left out."""
    return replaced(query, _any(query, choice), "")


@kind
def token_doubled(query, choice):
    """A token stands twice."""
    n = _any(query, choice)
    return replaced(query, n, f"{query.tokens[n].text} {query.tokens[n].text}")


@kind
def tokens_swapped(query, choice):
    """Two neighbouring tokens change places."""
    n = query.find(choice, lambda tokens, n: n + 1 < len(tokens))
    if n is None:
        return None
    one, two = query.tokens[n], query.tokens[n + 1]
    return one.start, two.end, f"{two.text} {one.text}"


@kind
def token_of_query(query, choice):
    """A token is replaced by another one of the query."""
    return replaced(query, _any(query, choice), choice.choice(query.tokens).text)


@kind
def token_inserted(query, choice):
    """A token of the query stands at another place too."""
    at = query.tokens[_any(query, choice)].start
    return at, at, f"{choice.choice(query.tokens).text} "


@kind
def tokens_deleted(query, choice):
    """Two to four tokens are left out."""
    n = _any(query, choice)
    last = min(n + choice.randint(1, 3), len(query.tokens) - 1)
    return query.tokens[n].start, query.tokens[last].end, ""


@kind
def cut_at_token(query, choice):
    """The text ends after a token."""
    return query.tokens[_any(query, choice)].end, len(query.text), ""


@kind
def cut_in_token(query, choice):
    """The text ends inside a token."""
    n = query.find(choice, lambda tokens, n: len(tokens[n].text) > 1)
    token = query.tokens[n]
    return choice.randint(token.start + 1, token.end - 1), len(query.text), ""


@kind
def head_cut(query, choice):
    """The text begins with a later token."""
    return 0, query.tokens[_any(query, choice)].start, ""


@kind
def bracket_missing(query, choice):
    """A bracket is left out."""
    return replaced(query, _mark(query, choice, "()[]{}"), "")


@kind
def bracket_extra(query, choice):
    """A bracket too many."""
    at = query.tokens[_any(query, choice)].end
    return at, at, choice.choice("()[]{}")


@kind
def bracket_changed(query, choice):
    """A bracket of another kind."""
    n = _mark(query, choice, "()[]{}")
    return None if n is None else replaced(query, n, choice.choice("()[]{}"))


@kind
def quote_missing(query, choice):
    """A string without one of its quotes."""
    n = query.find(choice, lambda tokens, n: tokens[n].kind == "string" and tokens[n].text[0] in "\"'")
    if n is None:
        return None
    token = query.tokens[n]
    return choice.choice([(token.end - 1, token.end, ""), (token.start, token.start + 1, "")])


@kind
def quote_changed(query, choice):
    """A string that ends with another kind of quote, or a typographic one."""
    n = query.find(choice, lambda tokens, n: tokens[n].kind == "string" and tokens[n].text[0] in "\"'")
    if n is None:
        return None
    token = query.tokens[n]
    other = "'" if token.text[0] == '"' else '"'
    body = token.text[1:-1]
    return token.start, token.end, choice.choice([token.text[0] + body + other, f"“{body}”", f"`{body}`", body])


@kind
def pipe_changed(query, choice):
    """A pipe missing, doubled or another mark in its place."""
    return replaced(query, _mark(query, choice, "|"), choice.choice(["", "||", "| |", ";", ",", "|>", "|\n|"]))


@kind
def comma_changed(query, choice):
    """A comma missing, doubled or another mark in its place."""
    return replaced(query, _mark(query, choice, ","), choice.choice(["", ",,", ", ,", ";", " and ", "|", "."]))


@kind
def comma_trailing(query, choice):
    """A comma after the last item."""
    n = query.find(choice, lambda tokens, n: n > 0 and tokens[n].text in ("|", ")", "]", ";", "by", "on"))
    if n is None:
        return None
    at = query.tokens[n - 1].end
    return at, at, ","


@kind
def operator_doubled(query, choice):
    """A binary operator twice, or without an operand."""
    n = _mark(query, choice, ["==", "=~", "!=", "<", ">", "<=", ">=", "+", "*", "/", "and", "or", "has", "in"])
    if n is None:
        return None
    token = query.tokens[n]
    choices = [(token.start, token.end, f"{token.text} {token.text}")]
    if n + 1 < len(query.tokens):
        choices.append((query.tokens[n + 1].start, query.tokens[n + 1].end, ""))
        choices.append((query.tokens[n - 1].start, query.tokens[n - 1].end, ""))
    return choice.choice(choices)


@kind
def comparison_changed(query, choice):
    """A comparison written as in another language."""
    others = ["=", "===", "<>", "!==", "~=", ":=", "is", "=~", "!~", "=<", "=>", "like", "eq", "==", ":"]
    return replaced(query, _mark(query, choice, ["==", "=~", "!=", "<", ">", "<=", ">="]), choice.choice(others))


@kind
def connective_changed(query, choice):
    """`and` and `or` written as in another language."""
    put = choice.choice(["&&", "||", "AND", "OR", "&", ",", "not", "xor", "and not", "or", "and"])
    return replaced(query, _mark(query, choice, ["and", "or"]), put)


@kind
def comment_changed(query, choice):
    """A comment as in another language, or one that swallows the rest of a line."""
    at = query.tokens[_any(query, choice)].end
    return at, at, choice.choice([" // ", " -- note\n", " /* note */ ", " # note\n"])


@kind
def character_inserted(query, choice):
    """A character the language has no use for."""
    at = query.tokens[_any(query, choice)].end
    return at, at, choice.choice(["`", "\\", "^", "§", "\u00a0", "\u200b", "&", "~", "@", "#", "!", "?", "'", '"'])
