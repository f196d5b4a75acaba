"""The users: most of them write, some mostly read."""

import random
import time

import gevent
from locust import User, task
from locust.exception import StopUser

from tally_load import texts
from tally_load.client import GIVE_UP_AFTER_S, Client

AUDITS_PER_S = 500


def longest_away_s(users, stop_timeout_s):
    """The longest pause of a user before it comes back for the stored count.

    Locust kills users that have not ended within its stop timeout. The pause takes at most half of
    it; the rest is for the last counts before, and the last connection after.
    """
    return min(users / AUDITS_PER_S, stop_timeout_s / 2)


class ChatUser(User):
    """A user of a chat: writes, waits for a random time within bounds, and writes again."""

    abstract = True
    pause_s: tuple[float, float]

    def __init__(self, environment):
        super().__init__(environment)
        self._run = environment.tally
        self._pace = environment.parsed_options.pace
        self._due = time.monotonic()
        self._client = Client(self.host, self._run.own, self._observe, self._run.identity())

    def on_start(self):
        """Connects."""
        self._run.joined(self._client)
        # Locust starts the users of one second all at once.
        gevent.sleep(random.random())
        self._client.start()
        self._client.welcomed.wait(GIVE_UP_AFTER_S)
        self._due = time.monotonic()

    def wait_time(self):
        """The pause that Locust waits. The next message is timed from its end, late or not."""
        seconds = random.uniform(*self.pause_s) / self._pace
        self._due = time.monotonic() + seconds
        return seconds

    @task
    def write(self):
        """Sends one message."""
        if self._client.ended.is_set():
            raise StopUser
        self._client.send(texts.choose(random), self._due)

    def on_stop(self):
        """Closes the account. Users that stop together come back for it at different times."""
        longest_s = longest_away_s(self._run.users_at_most, self.environment.stop_timeout)
        self._client.close(random.uniform(0, longest_s))
        self._run.left(self._client)

    def _observe(self, name, seconds, failure):
        self.environment.events.request.fire(
            request_type="WS",
            name=name,
            response_time=seconds * 1000,
            response_length=0,
            exception=failure,
        )


class Chatter(ChatUser):
    """Writes often."""

    weight = 80
    pause_s = (2, 10)


class Lurker(ChatUser):
    """Mostly reads."""

    weight = 20
    pause_s = (30, 120)
