"""The dashboard's file: Grafana's own types, and what they cannot say."""

import json
import re

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from live import OPS

DASHBOARD = json.loads((OPS / "grafana" / "dashboards" / "tally.json").read_text(encoding="utf-8"))
PANELS = DASHBOARD["panels"]
# Grafana's types of an annotation stop short of what the data source adds to it.
ANNOTATION_OF_PROMETHEUS = {"step", "textFormat", "titleFormat", "useValueForTime"}
GRID_WIDTH = 24


def differences(ours, theirs, path=""):
    """Where the second value lacks or changes something of the first."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            yield from differences(value, theirs.get(key), f"{path}/{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (left, right) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(left, right, f"{path}/{index}")
    elif ours != theirs:
        yield path


def test_grafanas_types_know_every_field():
    register_default_plugins()
    read = Dashboard.from_json(DASHBOARD)
    again = json.loads(JSONEncoder(sort_keys=True).encode(read))
    unknown = [
        path
        for path in differences(DASHBOARD, again)
        if not (path.startswith("/annotations") and path.split("/")[-1] in ANNOTATION_OF_PROMETHEUS)
    ]
    assert unknown == []


def test_panels_are_told_apart_and_do_not_overlap():
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    taken = {}
    for panel in PANELS:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= GRID_WIDTH, panel["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                other = taken.setdefault((x, y), panel["title"])
                assert other == panel["title"], f"{panel['title']} lies on {other}"


def test_every_data_source_is_the_provisioned_one():
    file = OPS / "grafana" / "provisioning" / "datasources" / "prometheus.yaml"
    provisioned = yaml.safe_load(file.read_text(encoding="utf-8"))["datasources"][0]
    used = re.findall(r'"uid": "(.+?)"', json.dumps(DASHBOARD | {"uid": provisioned["uid"]}))
    assert set(used) == {provisioned["uid"]}


def test_rates_are_taken_over_the_scrape_interval_that_prometheus_has():
    file = OPS / "grafana" / "provisioning" / "datasources" / "prometheus.yaml"
    provisioned = yaml.safe_load(file.read_text(encoding="utf-8"))["datasources"][0]
    prometheus = yaml.safe_load((OPS / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    assert provisioned["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"]


@pytest.mark.parametrize(
    "panel", [p for p in PANELS if p["type"] != "row"], ids=lambda panel: panel["title"]
)
def test_a_panel_says_what_it_shows_and_follows_the_variables(panel):
    assert panel["description"]
    if panel["type"] != "heatmap":
        assert panel["fieldConfig"]["defaults"].get("unit") or panel["type"] == "state-timeline"
    assert panel["targets"]
    for target in panel["targets"]:
        assert target["expr"]
        assert target["legendFormat"]
        for variable in DASHBOARD["templating"]["list"]:
            assert f"${variable['name']}" in target["expr"]
