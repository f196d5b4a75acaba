"""docs/OBSERVABILITY.md says neither more nor less than a running server and the rules do."""

import re
import shutil
import subprocess

import pytest
import yaml
from live import OPS
from promql import selectors

DOCS = OPS.parent / "docs"
PAGE = (DOCS / "OBSERVABILITY.md").read_text(encoding="utf-8")
COMMON_FIELDS = {"timestamp", "level", "event", "color", "message", "logger"}


def table(first_column: str) -> list[list[str]]:
    """The rows of all tables on the page whose first column is called so."""
    rows = []
    for head in re.finditer(
        rf"^\| {first_column} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE
    ):
        rows += [
            [cell.strip() for cell in row[1:-2].split("|")] for row in head[1].splitlines(True)
        ]
    return rows


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


METRICS = table("name")
QUERIES = {code(name)[0]: code(query)[0] for name, _, _, _, query in METRICS}


def shown(scrape: str) -> dict[str, tuple[str, list[str]]]:
    """The type and the labels of each metric, without the generated ones."""
    types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", scrape, re.MULTILINE))
    found = {}
    for name, kind in types.items():
        base = re.sub(r"(_total)?_created$", "", name)
        if name.endswith("_created") and (base in types or f"{base}_total" in types):
            continue
        sample = re.search(rf"^{name}(?:_sum)?\{{(.*)\}} ", scrape, re.MULTILINE)
        labels = re.findall(r'(\w+)="', sample[1]) if sample else []
        found[name] = (kind, labels)
    return found


def test_what_the_page_lists_is_what_the_server_shows(run):
    listed = {code(name)[0]: (kind, code(labels)) for name, kind, labels, _, _ in METRICS}
    in_memory = {
        code(name)[0] for name, _, _, meaning, _ in METRICS if "only without `REDIS_URL`" in meaning
    }
    with_redis, memory = shown(run.scrape), shown(run.memory_scrape)
    assert {name: kind for name, kind in listed.items() if name not in in_memory} == with_redis
    # Some of the JVM's metrics come later; that server is not asked to show them all.
    ours = {name for name in memory if name.startswith(("chat_", "session_", "websocket_"))}
    assert ours - set(with_redis) == in_memory
    assert all(memory[name] == listed[name] for name in ours)


def test_promtool_finds_the_format_well_formed(run):
    lint = subprocess.run(
        [shutil.which("promtool"), "check", "metrics"],
        input=run.scrape,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    # It lints names too, and those of the JVM are not ours to choose.
    assert "parsing error" not in lint.stdout + lint.stderr


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_of_the_page_asks_for_what_is_there(run, name):
    asked = selectors(QUERIES[name])
    assert any(selector.startswith(name) for selector in asked)
    run.values(QUERIES[name])
    for selector in asked:
        assert run.values(selector), selector


def test_every_event_is_listed_with_its_fields(run):
    ledger = set(
        code(re.search(r"^The ledger counts since the start: (.+?)\. ", PAGE, re.M | re.S)[1])
    )
    listed = {}
    for event, fields, _ in table("`event`"):
        listed[code(event)[0]] = set(code(fields)) | (ledger if "the ledger" in fields else set())
    seen: dict[str, set[str]] = {}
    for line in run.events:
        seen.setdefault(line["event"], set()).update(line.keys() - COMMON_FIELDS)
    # Nothing went wrong in the run, and no line was lost.
    assert listed.pop("error") == {"stack_trace"}
    assert listed.pop("log_dropped") == {"lines"}
    assert seen == listed


@pytest.mark.parametrize("column", ["`result`", "`kind`"])
def test_every_label_value_is_listed(run, column):
    metric = {"`result`": "websocket_handshakes_total", "`kind`": "websocket_errors_total"}[column]
    shown = re.findall(rf'^{metric}\{{\w+="(\w+)"', run.scrape, re.MULTILINE)
    assert {code(row[0])[0] for row in table(column)} == set(shown)


def test_every_alert_is_listed_and_has_its_place_in_the_runbook():
    rules = yaml.safe_load((OPS / "prometheus" / "rules" / "tally.yml").read_text(encoding="utf-8"))
    runbook = {
        alert: page.name
        for page in (DOCS / "operations").glob("alerts*.md")
        for alert in re.findall(r"^## (\w+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    expected = []
    for rule in rules["groups"][0]["rules"]:
        anchor = f"operations/{runbook[rule['alert']]}#{rule['alert'].lower()}"
        assert rule["annotations"]["runbook"] == f"docs/{anchor}"
        assert rule["annotations"]["summary"]
        expected.append(
            [f"[{rule['alert']}]({anchor})", rule.get("for", "at once"), rule["labels"]["severity"]]
        )
    assert [[name, wait, severity] for name, _, wait, severity in table("alert")] == expected
