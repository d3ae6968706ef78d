"""What `watchfloor doctor` prints: a line a finding, and how to mend each problem."""

from dataclasses import asdict
from pathlib import Path

from watchfloor.commands import output
from watchfloor.doctor import Finding
from watchfloor.doctor import examine as findings_of

WELL, NOT_WELL = 0, 1


def examine(data: Path | None, *, as_json: bool = False) -> int:
    """Look at everything and print it.

    Parameters
    ----------
    data
        The data folder; None takes the default one.
    as_json
        A list of objects instead of lines.

    Returns
    -------
    int
        1 when something is wrong.

    """
    findings = findings_of(data)
    if as_json:
        output.print_list([asdict(finding) for finding in findings])
    else:
        rows = [(finding.state, finding.name, _said(finding)) for finding in findings]
        output.print_table("", ("", "what", "found"), rows)
    return NOT_WELL if any(finding.state == "problem" for finding in findings) else WELL


def _said(finding: Finding) -> str:
    return f"{finding.said}. {finding.mend}" if finding.mend else finding.said
