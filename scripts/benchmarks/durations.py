"""Durations as Rust prints them."""

import re

UNITS = {"ns": 1e-6, "µs": 1e-3, "us": 1e-3, "ms": 1.0, "s": 1e3}


def milliseconds(text):
    """A duration as Rust prints it, in milliseconds."""
    form = re.fullmatch(r"([\d.]+)(ns|µs|us|ms|s)", text.strip())
    if not form:
        raise RuntimeError(f"`{text}` is no duration")
    return float(form[1]) * UNITS[form[2]]
