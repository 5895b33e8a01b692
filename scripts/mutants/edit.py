"""What every module of kinds needs: a register of them, and the edit that replaces a token."""


class Kinds(dict):
    """Kinds of edit by name, in the order they are written."""

    def kind(self, function):
        """Registers a function under its own name."""
        self[function.__name__] = function
        return function


def replaced(query, n, put):
    """The edit that puts a text in the place of the token `n`; none where there is no such token."""
    if n is None:
        return None
    token = query.tokens[n]
    return token.start, token.end, put
