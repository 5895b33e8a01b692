"""Kinds of edit that break (or only change) a query."""

import random

from . import clauses, literals, names, stages, tails, tokens

KINDS = {
    name: kind
    for module in (tokens, names, literals, clauses, tails, stages)
    for name, kind in module.KINDS.items()
}


def generate(queries, seed, kinds, count):
    """`count` edits of each kind, fewer where the queries offer too few places."""
    edits = []
    for kind in kinds:
        choice = random.Random(f"{seed}/{kind}")
        found = set()
        for _ in range(count * 40):
            if len(found) == count:
                break
            query = choice.choice(queries)
            edit = KINDS[kind](query, choice)
            if edit is None or query.text[edit[0] : edit[1]] == edit[2]:
                continue
            start, end, put = edit
            key = (query.id, start, end, put)
            if key in found:
                continue
            found.add(key)
            at = len(query.text[:start].encode())
            cut = len(query.text[start:end].encode())
            edits.append({"query": query.id, "kind": kind, "at": at, "cut": cut, "put": put})
    return edits
