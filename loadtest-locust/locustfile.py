"""The entry point for Locust: flags and listeners. See README.md."""

import logging
import os
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
    """Adds our flags to those of Locust."""
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
        help="Factor on how often users write.",
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
    flags.add_argument(
        "--token-secret-file",
        metavar="FILE",
        help="The server's --auth-secret-file: each user gets a token of its own, signed with it.",
    )
    flags.add_argument(
        "--token-claims",
        default="{}",
        metavar="JSON",
        help="Further claims of these tokens, such as iss and aud.",
    )
    flags.add_argument(
        "--check-log",
        nargs="?",
        const=os.environ.get("REDIS_URL", "redis://127.0.0.1:6379"),
        metavar="URL",
        help="Compare the message log in this Redis (default: REDIS_URL) with what users sent.",
    )


@events.init.add_listener
def begin(environment, web_ui, **_):
    """Starts the run in this process. The master also prints progress and summary."""
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


# Progress and the end of a run depend on the workers' reports; Locust's default of 3 s is slow.
runners.WORKER_REPORT_INTERVAL = 1.0
# In seconds. On a busy machine a worker may be late. After Locust's default of 3 s the master would
# take it for dead, and not tell its users when the run ends.
runners.HEARTBEAT_LIVENESS = 60

# At the end, and in a spike, a high rate is intended.
logging.getLogger("locust.runners").addFilter(
    lambda record: "spawn rate is very high" not in record.getMessage()
)

if sys.platform != "win32":
    import resource

    # Locust sets 10,000. That is not enough: a user has two connections while it moves.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
