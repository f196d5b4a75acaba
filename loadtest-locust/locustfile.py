"""Locust's entry: flags, and what is called when. See README.md."""

import logging
import sys

import gevent
from locust import events, runners

from tally_load import report
from tally_load.course import Course
from tally_load.run import Run, is_worker
from tally_load.shapes import SCENARIOS
from tally_load.user import Chatter, Lurker

__all__ = ["Chatter", "Course", "Lurker"]


@events.init_command_line_parser.add_listener
def add_flags(parser):
    """The flags that Locust does not have."""
    flags = parser.add_argument_group("Tally")
    flags.add_argument("--scenario", choices=sorted(SCENARIOS), default="steady")
    flags.add_argument(
        "--promote",
        default="ops/promote.sh",
        help="Command of the scenario promotion.",
    )
    flags.add_argument(
        "--pace",
        type=float,
        default=1.0,
        help="Users write so many times as often as people.",
    )
    flags.add_argument(
        "--max-failures",
        type=float,
        default=0.1,
        help="Percent of the connects, resumes and counts that may fail.",
    )
    flags.add_argument(
        "--max-ack-p99",
        type=float,
        default=2000.0,
        help="Milliseconds from sending to the count, 99th percentile.",
    )
    flags.add_argument(
        "--max-gap-p99",
        type=float,
        default=5000.0,
        help="Milliseconds without a working connection, 99th percentile.",
    )


@events.init.add_listener
def begin(environment, web_ui, **_):
    """Every process has its part; the one that is no worker shows and judges."""
    environment.tally = Run(environment)
    if is_worker(environment):
        return
    if web_ui:
        environment.events.test_stop.add_listener(lambda **_: print(report.summary(environment)[0]))
        return
    progress = gevent.spawn(report.show_progress, environment)

    @environment.events.quitting.add_listener
    def judge(**_):
        progress.kill()
        text, environment.process_exit_code = report.summary(environment)
        # Locust prints its tables first.
        environment.events.quit.add_listener(lambda **_: print(text, flush=True))


# The line of progress and the end of a run wait for the workers' reports; Locust's own is 3 s.
runners.WORKER_REPORT_INTERVAL = 1.0
# In seconds. A worker that is late on a busy machine still has its users: after Locust's 3 s they
# would count as gone, and nobody would tell them when the run ends.
runners.HEARTBEAT_LIVENESS = 60

# All users leave at once at the end, and in a spike that is the point.
logging.getLogger("locust.runners").addFilter(
    lambda record: "spawn rate is very high" not in record.getMessage()
)

if sys.platform != "win32":
    import resource

    # Locust asks for 10,000; one user has two connections while it moves.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
