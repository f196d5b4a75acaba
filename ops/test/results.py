"""What reports in JUnit's XML say, which Surefire, bats, pytest and Node's test runner write."""

import dataclasses
import pathlib
import xml.etree.ElementTree as ET

FIRST_LINES, LAST_LINES = 10, 30


@dataclasses.dataclass(frozen=True)
class Case:
    """One test; what it said is the reason if it failed or was skipped."""

    name: str
    outcome: str
    seconds: float = 0
    said: str = ""


def read(directory: pathlib.Path) -> list[Case]:
    """The tests of all reports in a directory and below."""
    return [case for report in sorted(directory.rglob("*.xml")) for case in _cases(report)]


def shortened(text: str) -> list[str]:
    """The beginning and the end of what may be long."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    if len(lines) <= FIRST_LINES + LAST_LINES:
        return lines
    return [*lines[:FIRST_LINES], "[...]", *lines[-LAST_LINES:]]


def _cases(report: pathlib.Path) -> list[Case]:
    try:
        root = ET.parse(report).getroot()
    except ET.ParseError as error:
        # Its writer died over it.
        return [Case(report.name, "failed", said=f"{report} is not complete: {error}")]
    return [_case(element) for element in root.iter("testcase")]


def _case(element: ET.Element) -> Case:
    place, test = element.get("classname", ""), element.get("name", "")
    name = f"{place}, {test}" if place and test else place or test
    # Some write "1,234.5".
    seconds = float(element.get("time", "0").replace(",", "") or 0)
    for kind, outcome in (("failure", "failed"), ("error", "failed"), ("skipped", "skipped")):
        found = element.find(kind)
        if found is not None:
            return Case(name, outcome, seconds, _said(found))
    return Case(name, "passed", seconds)


def _said(element: ET.Element) -> str:
    message, text = element.get("message", "").strip(), (element.text or "").strip()
    return text if message in text else f"{message}\n{text}"
