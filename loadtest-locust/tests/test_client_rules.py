"""docs/client-rules.json, which the clients in Java and JavaScript are tested with too."""

import json
from pathlib import Path

import pytest

from tally_load.ledger import Ledger, Totals
from tally_load.reconnect import Ending, ReconnectRules, closed, hint_in_frame, refused

RULES = json.loads(
    Path(__file__).parents[2].joinpath("docs", "client-rules.json").read_text(encoding="utf-8")
)


def scenarios(part):
    return [pytest.param(scenario, id=scenario["name"]) for scenario in RULES[part]]


def ending(step, been_there):
    if "close" in step:
        return closed(step["close"], step["reason"])
    if "status" in step:
        return refused(step["status"], step["retry_after"], been_there=been_there)
    return Ending("connection refused", may_be_served=False)


@pytest.mark.parametrize("longest", [False, True], ids=["shortest", "longest"])
@pytest.mark.parametrize("scenario", scenarios("coming_back"))
def test_comes_back(scenario, longest):
    now = 1_000.0
    rules = ReconnectRules(uniform=lambda: 0.9999999999 if longest else 0.0, clock=lambda: now)
    been_there = False
    for step in scenario["steps"]:
        pause_ms = step["pause_ms"][longest] if "pause_ms" in step else None
        match step["event"]:
            case "welcome":
                been_there = True
                rules.opened()
            case "works":
                rules.proved()
            case "wait":
                now += step["ms"] / 1000
            case "bye":
                assert hint_in_frame(step["retry_after_ms"]) == pause_ms, step
            case "broke" | "failed":
                end = ending(step, been_there)
                getattr(rules, step["event"])(end)
                assert rules.gives_up(end) == (pause_ms is None), step
                if pause_ms is not None:
                    assert rules.pause_ms(end.hint_ms) == pause_ms, step
            case _:
                pytest.fail(str(step))


def go_out(ledger):
    texts = []
    while (text := ledger.next()) is not None:
        texts.append(text)
    return texts


@pytest.mark.parametrize("scenario", scenarios("ledger"))
def test_keeps_account(scenario):
    totals = Totals()
    ledger = Ledger(totals)
    for step in scenario["steps"]:
        before = totals.acknowledged
        match step["event"]:
            case "welcome":
                ages = ledger.welcome(step["count"], now=0.0)
                assert len(ages) == totals.acknowledged - before
            case "reply":
                ages = ledger.reply(step["count"], now=0.0)
                assert len(ages) == totals.acknowledged - before
            case "keep" | "send":
                for text in step["texts"]:
                    ledger.add(text, at=0.0)
                if step["event"] == "send":
                    assert go_out(ledger) == step["texts"]
            case "goes_out":
                assert go_out(ledger) == step["texts"]
            case _:
                pytest.fail(str(step))
    assert (totals.acknowledged, totals.lost, totals.duplicated, totals.reconnects) == (
        scenario["counted"],
        scenario["lost"],
        scenario["duplicated"],
        scenario["reconnects"],
    )
    assert totals.sent - totals.acknowledged == scenario["waiting"]
    assert ledger.is_settled == (scenario["waiting"] == 0)
