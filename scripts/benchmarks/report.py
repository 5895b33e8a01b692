"""Collects figures and prints them: a Markdown table for people, JSON for machines."""

import json
import statistics
import traceback


class Report:
    """Figures by section. A measurement that fails is named at the end and changes the exit status."""

    def __init__(self, conditions):
        self.conditions = conditions
        self.sections = []
        self.failures = []

    def section(self, title, command):
        """Opens a section; `command` is what the reader types to get the figure alone."""
        self.sections.append({"title": title, "command": command, "figures": [], "tables": [], "notes": []})

    def figure(self, what, values, unit, digits=1):
        """Adds one figure of the open section; `values` has one number a run."""
        values = [float(v) for v in (values if isinstance(values, list) else [values])]
        self.sections[-1]["figures"].append({
            "what": what, "unit": unit, "digits": digits, "values": values,
            "median": statistics.median(values), "min": min(values), "max": max(values),
        })

    def table(self, columns, rows):
        """Adds a table of its own shape to the open section."""
        self.sections[-1]["tables"].append({"columns": columns, "rows": rows})

    def note(self, text):
        """Adds a sentence under the open section."""
        self.sections[-1]["notes"].append(text)

    def attempt(self, name, measure, *arguments):
        """Runs one measurement; what goes wrong in it is recorded and ends nothing else."""
        try:
            return measure(*arguments)
        except Exception as error:  # whatever it is, the other measurements go on
            reason = f"{type(error).__name__}: {error}"
            if not isinstance(error, (OSError, RuntimeError)):
                reason += f" ({traceback.extract_tb(error.__traceback__)[-1]})"
            self.failures.append({"measurement": name, "reason": reason})
            return None

    def markdown(self):
        """All sections as Markdown."""
        lines = ["## Conditions", ""]
        lines += [f"- {key}: {value}" for key, value in self.conditions.items()]
        for section in self.sections:
            lines += ["", f"## {section['title']}", "", f"    {section['command']}"]
            if section["figures"]:
                lines += ["", "| what | median | min to max | unit |", "| --- | ---: | --- | --- |"]
                lines += [figure_line(figure) for figure in section["figures"]]
            for table in section["tables"]:
                lines += ["", *table_lines(table["columns"], table["rows"])]
            lines += [line for note in section["notes"] for line in ("", note)]
        if self.failures:
            lines += ["", "## Not measured", ""]
            lines += [f"- {one['measurement']}: {one['reason']}" for one in self.failures]
        return "\n".join(lines) + "\n"

    def json(self):
        """The same for machines, every run's value included."""
        return json.dumps({"conditions": self.conditions, "sections": self.sections,
                           "failures": self.failures}, indent=1)


def number(value, digits):
    """A number with thousands separated."""
    return f"{value:,.{digits}f}"


def figure_line(figure):
    digits = figure["digits"]
    spread = "" if len(figure["values"]) == 1 else f"{number(figure['min'], digits)} to {number(figure['max'], digits)}"
    return f"| {figure['what']} | {number(figure['median'], digits)} | {spread} | {figure['unit']} |"


def cell(value):
    if value is None:
        return ""
    text = number(value, 0) if isinstance(value, int) else number(value, 2) if isinstance(value, float) else str(value)
    # Texts may come from logs: one line, and nothing that ends the cell.
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def table_lines(columns, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    return lines + ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows]
