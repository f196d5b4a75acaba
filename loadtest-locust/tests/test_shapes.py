"""The stages of the scenarios."""

import pytest

from tally_load.shapes import CUT, PROMOTE, SCENARIOS, middle, stage_at


def course(name, users=1000, rate=100, duration_s=90):
    stages = SCENARIOS[name].stages(users, rate, duration_s)
    return [stage.users if (stage := stage_at(stages, second)) else None for second in range(95)]


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_scenario_ends_when_its_time_is_over(name):
    users = course(name)
    assert all(users[:90])
    assert users[90:] == [None] * 5


@pytest.mark.parametrize("name", ["steady", "storm", "promotion", "soak"])
def test_a_level_scenario_has_all_users_to_the_end(name):
    assert set(course(name)[:90]) == {1000}


def test_a_spike_has_all_users_in_its_middle_third_only():
    users = course("spike")
    assert set(users[:30]) == set(users[60:90]) == {200}
    assert set(users[30:60]) == {1000}


def test_a_spike_is_reached_at_once():
    assert stage_at(SCENARIOS["spike"].stages(1000, 100, 90), 30).rate == 1000


def test_a_spike_of_a_few_users_has_one_at_least():
    assert stage_at(SCENARIOS["spike"].stages(3, 1, 90), 0).users == 1


def test_the_incident_comes_halfway_between_the_end_of_the_ramp_and_of_the_run():
    assert middle(users=1000, rate=100, duration_s=90) == 50


def test_a_ramp_longer_than_the_run_puts_the_incident_at_its_end():
    assert middle(users=1000, rate=1, duration_s=90) == 90


def test_only_storm_and_promotion_have_an_incident():
    incidents = {name: scenario.incident for name, scenario in SCENARIOS.items()}
    assert {name: what for name, what in incidents.items() if what} == {
        "storm": CUT,
        "promotion": PROMOTE,
    }
