"""The scenarios: how many users there are at which time, and the incident in the middle."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """A number of users until a second of the run, reached at a rate in users per second."""

    until_s: float
    users: int
    rate: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """Stages, their default duration, and the incident in the middle, if there is one."""

    stages: Callable[[int, float, float], list[Stage]]
    default_duration_s: int
    incident: str | None = None


def level(users: int, rate: float, duration_s: float) -> list[Stage]:
    """All users until the end."""
    return [Stage(duration_s, users, rate)]


def spike(users: int, rate: float, duration_s: float) -> list[Stage]:
    """A fifth of the users; all at once in the middle third; a fifth again."""
    few = max(1, users // 5)
    return [
        Stage(duration_s / 3, few, rate),
        Stage(duration_s * 2 / 3, users, users),
        Stage(duration_s, few, users),
    ]


CUT = "cut"
PROMOTE = "promote"

SCENARIOS = {
    "steady": Scenario(level, 180),
    "spike": Scenario(spike, 180),
    "storm": Scenario(level, 180, CUT),
    "promotion": Scenario(level, 180, PROMOTE),
    "soak": Scenario(level, 4 * 3600),
}


def stage_at(stages: list[Stage], seconds: float) -> Stage | None:
    """The stage at a second of the run; None after the last."""
    return next((stage for stage in stages if seconds < stage.until_s), None)


def middle(users: int, rate: float, duration_s: float) -> float:
    """The second halfway between the end of the ramp and the end of the run."""
    ramp_s = min(users / rate, duration_s)
    return (ramp_s + duration_s) / 2
