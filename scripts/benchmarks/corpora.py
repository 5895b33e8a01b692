"""What becomes of data that nobody here wrote: every record of the corpora is a row, a duplicate, filtered or a reject."""

import json

from benchmarks.ingest import fresh, ingest
from benchmarks.process import run
from benchmarks.report import table_lines

PARTS = ["evtx", "cloudtrail", "otrf"]
COUNTS = ["files", "records_in", "rows", "duplicates", "filtered", "rejects", "bytes_in"]
REJECTS = ("IngestRejects_CL | summarize Records = count(), Example = take_any(strcat(File, ':', Record)) "
           "by SourceName, Reason | sort by SourceName asc, Records desc")


def corpora(options, report):
    """Each corpus into a folder of its own, counts as the command prints them."""
    report.section("Real data loses nothing", "scripts/bench --only corpora")
    table, rejects, failed, skipped, missing = [], [], [], [], []
    for part in PARTS:
        path = options.corpora / part
        if not path.is_dir():
            missing.append(part)
            continue
        folder = fresh(options, "corpora")
        done, lines = ingest(options, folder, [path], accept=(0, 1))
        for line in lines:
            table.append([part, line["source"], line["table"], *(line[key] for key in COUNTS)])
            left = line["records_in"] - sum(line[key] for key in ("rows", "duplicates", "filtered", "rejects"))
            if left:
                raise RuntimeError(f"{part}, {line['source']}: {left} of {line['records_in']} records are not accounted for")
        short = lambda text: text.replace(f"{options.corpora}/", "")
        told = done.stderr.splitlines()
        failed += [[part, short(line[7:])] for line in told if line.startswith("error: ")]
        skipped += [[part, short(line[9:])] for line in told if line.startswith("skipped: ")]
        answer = run([options.bin, "query", REJECTS, "--format", "ndjson"], options.scratch, folder)
        for line in answer.stdout.splitlines():
            row = json.loads(line)
            rejects.append([part, row["SourceName"], row["Records"], row["Reason"], short(row["Example"])])
    if not table:
        raise RuntimeError(f"no corpus in {options.corpora} (--corpora)")
    report.table(["corpus", "source", "table", "files", "records in", "rows", "duplicates", "filtered", "rejects", "bytes"], table)
    report.note("One line a source; a record that is stored in two tables counts once.")
    tell(report, "Rejects, kept with their bytes", ["corpus", "source", "records", "reason", "example"], rejects)
    tell(report, "Files that failed", ["corpus", "file and reason"], failed)
    tell(report, "Files passed over", ["corpus", "file and reason"], skipped)
    for part in missing:
        report.note(f"`{part}` is missing and was left out.")


def tell(report, title, columns, rows):
    if not rows:
        return report.note(f"{title}: none.")
    report.note(f"{title}:")
    report.note("\n".join(table_lines(columns, rows)))
