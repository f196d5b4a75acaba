"""Answers Locust, which asks once a second how many users there should be."""

from locust import LoadTestShape
from locust.runners import STATE_INIT

from tally_load import shapes

# After this time all users have reached their own timeouts.
LONGEST_END_S = 60.0


class Course(LoadTestShape):
    """Takes a run through its stages, starts the incident in the middle, and ends the run.

    The users end before Locust stops. Locust waits only half a second for the last reports of its
    workers, and a user may wait longer for its last count.
    """

    use_common_options = True

    def tick(self):
        """The number of users and how fast to get there; none ends the run."""
        run = self.runner.environment.tally
        if self.runner.state == STATE_INIT:
            self._incident_begun = False
            self._leaving_since = None
            if not run.is_reachable():
                return None
        users, rate = run.users_at_most, run.options.spawn_rate or 1
        plan = (users, rate, run.duration_s)
        stages = run.scenario.stages(*plan)
        now = self.get_run_time()
        if not self._incident_begun and now >= shapes.middle(*plan):
            self._incident_begun = True
            run.begin_incident()
        stage = shapes.stage_at(stages, now)
        if stage is None and run.promotion and not run.promotion.is_over:
            stage = stages[-1]
        if stage is not None:
            return stage.users, stage.rate
        self._leaving_since = self._leaving_since or now
        totals = run.totals()
        if totals.users == totals.ended or now - self._leaving_since > self._longest_end(users):
            return None
        return 0, users

    @staticmethod
    def _longest_end(users):
        return LONGEST_END_S + users / 500
