"""The users: most of them talk, some mostly read."""

import random
import time

import gevent
from locust import User, task
from locust.exception import StopUser

from tally_load import texts
from tally_load.client import GIVE_UP_AFTER_S, Client

AUDITS_PER_S = 500


def longest_away_s(users, stop_timeout_s):
    """How long a user that leaves may wait before it comes back for the stored count.

    Locust kills who has not ended in time: half of that is for what comes before and after.
    """
    return min(users / AUDITS_PER_S, stop_timeout_s / 2)


class ChatUser(User):
    """Somebody in a chat, who writes, waits for a random time within bounds, and writes again."""

    abstract = True
    pause_s: tuple[float, float]

    def __init__(self, environment):
        super().__init__(environment)
        self._run = environment.tally
        self._pace = environment.parsed_options.pace
        self._due = time.monotonic()
        self._client = Client(self.host, self._run.own, self._observe)

    def on_start(self):
        """Connects."""
        self._run.joined(self._client)
        # Locust starts a whole second's users at once.
        gevent.sleep(random.random())
        self._client.start()
        self._client.welcomed.wait(GIVE_UP_AFTER_S)
        self._due = time.monotonic()

    def wait_time(self):
        """Locust asks how long to wait; the next message counts from the end of that time."""
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
        """Settles the account. Users who stop together come back for it one after the other."""
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
    """Takes part."""

    weight = 80
    pause_s = (2, 10)


class Lurker(ChatUser):
    """Reads, and says something now and then."""

    weight = 20
    pause_s = (30, 120)
