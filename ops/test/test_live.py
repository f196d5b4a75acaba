"""A real Prometheus over real servers: every rule and panel finds what it asks for."""

import json
import re
import signal

import pytest
import yaml
from live import OPS, await_that
from promql import filled_in, selectors

DASHBOARD = json.loads((OPS / "grafana" / "dashboards" / "tally.json").read_text(encoding="utf-8"))
RULES = yaml.safe_load((OPS / "prometheus" / "rules" / "tally.yml").read_text(encoding="utf-8"))
ALERTS = {rule["alert"]: rule["expr"] for rule in RULES["groups"][0]["rules"]}
QUERIES = {
    f"{panel['title']}, {target['legendFormat']}": target["expr"]
    for panel in DASHBOARD["panels"]
    for target in panel.get("targets", [])
} | {note["name"]: note["expr"] for note in DASHBOARD["annotations"]["list"]}
VARIABLES = {v["name"]: v["query"]["query"] for v in DASHBOARD["templating"]["list"]}


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ('sum by (le) (rate(a_bucket{b=~"c"}[1m])) > 0.5 + d', ['a_bucket{b=~"c"}', "d"]),
        ("a unless on (job) b == 1 or absent(c)", ["a", "b", "c"]),
        ('up{job="x"} * on (job) group_left (v) e{} * 1e3', ['up{job="x"}', "e{}"]),
    ],
)
def test_selectors_are_what_is_left_of_an_expression(expression, names):
    assert selectors(expression) == names


@pytest.mark.parametrize("alert", ALERTS)
def test_what_an_alert_asks_for_is_there(run, alert):
    assert selectors(ALERTS[alert])
    for selector in selectors(ALERTS[alert]):
        assert run.values(selector), f"{alert}: no data for {selector}"


def test_prometheus_evaluates_every_rule(run):
    rules = run.prometheus.get("rules")["groups"][0]["rules"]
    assert {rule["name"] for rule in rules} == set(ALERTS)
    assert {
        rule["name"]: rule.get("lastError", "") for rule in rules if rule["health"] != "ok"
    } == {}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_of_the_dashboard_returns_data(run, name):
    assert run.values(filled_in(QUERIES[name])), QUERIES[name]


@pytest.mark.parametrize(
    ("variable", "among"), [("color", {"blue", "green", "memory"}), ("instance", None)]
)
def test_a_variable_offers_its_values(run, variable, among):
    selector, label = re.fullmatch(r"label_values\((.+), (\w+)\)", VARIABLES[variable]).groups()
    values = run.prometheus.get(f"label/{label}/values", **{"match[]": filled_in(selector)})
    assert set(values) == (among or {f"127.0.0.1:{port}" for port in run.live.admin_ports.values()})


def test_the_drain_is_seen_while_it_goes_on(run):
    assert max(run.values('chat_draining{color="blue"}')) == 1
    assert max(run.values('chat_shutdown_seconds{color="blue"}')) > 1


def test_a_lost_store_reaches_the_operators(run):
    """The last test: it takes the store away."""
    assert not any(alert["labels"]["alertname"] == "StoreDown" for alert in run.webhook.alerts)
    run.live.processes["redis"].send_signal(signal.SIGKILL)
    alert = await_that(
        lambda: next(
            (a for a in list(run.webhook.alerts) if a["labels"]["alertname"] == "StoreDown"), None
        ),
        "StoreDown at the webhook",
    )
    assert alert["status"] == "firing"
    assert alert["labels"] == {
        "alertname": "StoreDown",
        "color": "green",
        "instance": f"127.0.0.1:{run.live.admin_ports['green']}",
        "job": "tally",
        "severity": "critical",
    }
    assert alert["annotations"]["runbook"] == "docs/operations/alerts.md#storedown"
