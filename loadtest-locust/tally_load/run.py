"""The part of a run in one process: a worker's users, the master's sums over all, or both."""

import dataclasses

import redis
from locust.runners import MasterRunner, WorkerRunner
from websockets.exceptions import InvalidURI

from tally_load import shapes
from tally_load.client import Client
from tally_load.connection import Connection, Refused
from tally_load.ledger import Totals
from tally_load.message_log import Account, Comparison, MessageLog
from tally_load.promotion import Promotion
from tally_load.thresholds import Limits, Outcome
from tally_load.tokens import Identity, Tokens


class Run:
    """Keeps the totals, and sends them from the workers to the master with Locust's reports.

    Reports contain sums and not differences, so a lost or repeated report does no harm.
    """

    def __init__(self, environment) -> None:
        self.own = Totals()
        self.unreachable: str | None = None
        self.promotion: Promotion | None = None
        self.busiest_percent = 0.0
        self._environment = environment
        self._clients: set[Client] = set()
        self._reports: dict[str, Totals] = {}
        self._log: MessageLog | None = None
        self._accounts: list[Account] = []
        events = environment.events
        events.test_start.add_listener(self._begin)
        events.report_to_master.add_listener(self._report)
        events.worker_report.add_listener(self._take_report)
        events.usage_monitor.add_listener(self._watch_usage)
        if not isinstance(environment.runner, MasterRunner):
            environment.runner.register_message(shapes.CUT, self._cut)

    @property
    def options(self):
        """The flags of this run, which the web page may have changed."""
        return self._environment.parsed_options

    @property
    def scenario(self) -> shapes.Scenario:
        """The scenario of this run."""
        return shapes.SCENARIOS[self.options.scenario]

    @property
    def users_at_most(self) -> int:
        """The largest number of users of the run."""
        return self.options.num_users or 1

    @property
    def duration_s(self) -> float:
        """How long the users send messages, with the ramp."""
        return self.options.run_time or self.scenario.default_duration_s

    def identity(self) -> Identity | None:
        """Makes an identity for one more user; none if the server requires no tokens."""
        file = self.options.token_secret_file
        return Identity(Tokens.of(file, self.options.token_claims)) if file else None

    def joined(self, client: Client) -> None:
        """A user started."""
        self.own.users += 1
        self._clients.add(client)

    def left(self, client: Client) -> None:
        """A user's account is closed."""
        self.own.ended += 1
        self._clients.discard(client)
        if self.options.check_log and client.account:
            self._accounts.append(client.account)

    def totals(self) -> Totals:
        """The sums over all users, as of the last reports."""
        return sum(self._reports.values(), Totals()) if self._reports else self.own

    def is_reachable(self) -> bool:
        """Tries one connection, so that a wrong address causes one error and not thousands.

        The message log too, if this run compares it.
        """
        self.unreachable = None
        url = self._environment.host
        try:
            identity = self.identity()
            Connection(url, None, identity and identity.token()).abort()
        except (OSError, ValueError) as e:
            self.unreachable = f"no tokens: {e}"
        except Refused as e:
            self.unreachable = f"no connection to {url}: {e}"
        except InvalidURI:
            self.unreachable = f"'{url}' is not an address such as ws://127.0.0.1:8000/ws/chat/"
        if self.unreachable is None and self.options.check_log:
            try:
                self._log = MessageLog(self.options.check_log)
            except (redis.RedisError, ValueError) as e:
                self.unreachable = f"no message log to compare: {e}"
        return self.unreachable is None

    def compare_log(self) -> Comparison | None:
        """Holds the message log against the accounts of all users; none if this run does not."""
        return self._log and self._log.compare(self._accounts)

    def begin_incident(self) -> None:
        """Starts the scenario's incident."""
        if self.scenario.incident == shapes.CUT:
            self._environment.runner.send_message(shapes.CUT)
        elif self.scenario.incident == shapes.PROMOTE:
            self.promotion = Promotion(self.options.promote)

    def outcome(self) -> Outcome:
        """The measurements so far."""
        stats = self._environment.stats
        return Outcome(
            totals=self.totals(),
            requests=stats.total.num_requests,
            failures=stats.total.num_failures,
            ack_p99_ms=stats.get("ack", "WS").get_response_time_percentile(0.99),
            gap_p99_ms=stats.get("gap", "WS").get_response_time_percentile(0.99),
        )

    def limits(self) -> Limits:
        """The thresholds of this run."""
        options = self.options
        return Limits(options.max_failures, options.max_ack_p99, options.max_gap_p99)

    def _begin(self, **_) -> None:
        self.own = Totals()
        self.promotion = None
        self.busiest_percent = 0.0
        self._reports.clear()
        self._accounts.clear()

    def _report(self, data, **_) -> None:
        data["tally"] = dataclasses.astuple(self.own)
        # Each is reported once. One that gets lost is a user too few, and that breaks the run.
        data["accounts"] = [dataclasses.astuple(account) for account in self._accounts]
        self._accounts.clear()

    def _take_report(self, client_id, data, **_) -> None:
        self._reports[client_id] = Totals(*data["tally"])
        self._accounts += [Account(*account) for account in data["accounts"]]

    def _watch_usage(self, cpu_usage, **_) -> None:
        runner = self._environment.runner
        workers = runner.clients.values() if isinstance(runner, MasterRunner) else ()
        self.busiest_percent = max(
            self.busiest_percent, cpu_usage, *(worker.cpu_usage for worker in workers), 0.0
        )

    def _cut(self, **_) -> None:
        for client in list(self._clients):
            client.cut()


def is_worker(environment) -> bool:
    """Whether another process, the master, reports this run."""
    return isinstance(environment.runner, WorkerRunner)
