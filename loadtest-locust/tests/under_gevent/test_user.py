"""When users disconnect."""

import pytest

from tally_load.user import longest_away_s


@pytest.mark.parametrize(
    ("users", "stop_timeout_s", "seconds"),
    [(50, 60, 0.1), (5000, 60, 10), (5000, 20, 10), (5000, 10, 5), (40_000, 60, 30)],
)
def test_users_come_back_for_the_stored_count_before_they_are_killed(
    users, stop_timeout_s, seconds
):
    assert longest_away_s(users, stop_timeout_s) == seconds
