"""The output for people: a line during the run, and a summary at its end."""

import sys
import time

import gevent

from tally_load.thresholds import broken

PERCENTILES = (0.5, 0.95, 0.99)
TERMINAL_INTERVAL_S = 1.0
LOG_INTERVAL_S = 5.0


def show_progress(environment) -> None:
    """Prints the state of the run until it is killed: on a terminal always in the same line."""
    begun = time.monotonic()
    is_terminal = sys.stderr.isatty()
    while True:
        gevent.sleep(TERMINAL_INTERVAL_S if is_terminal else LOG_INTERVAL_S)
        line = progress(environment, time.monotonic() - begun)
        print(f"\r\033[K{line}" if is_terminal else line, end="", file=sys.stderr)
        print("" if is_terminal else "\n", end="", file=sys.stderr, flush=True)


def progress(environment, seconds: float) -> str:
    """The run in one line."""
    totals = environment.tally.totals()
    ack = environment.stats.get("ack", "WS")
    p99 = ack.get_current_response_time_percentile(0.99) if ack.use_response_times_cache else None
    if p99 is None:
        p99 = ack.get_response_time_percentile(0.99)
    return (
        f"{int(seconds) // 60:02}:{int(seconds) % 60:02}  users {totals.users - totals.ended:,}"
        f"  sent {totals.sent:,}  acknowledged {totals.acknowledged:,}"
        f" ({ack.current_rps:.0f}/s)  lost {totals.lost:,}  duplicated {totals.duplicated:,}"
        f"  reconnects {totals.reconnects:,}  failures {environment.stats.total.num_failures:,}"
        f"  ack p99 {p99:,.0f} ms"
    )


def summary(environment) -> tuple[str, int]:
    """The summary and the exit code: 0 if all thresholds held, 1 if not, 2 if nothing answered."""
    run = environment.tally
    if run.unreachable:
        return f"load test {run.options.scenario}: {run.unreachable}", 2
    outcome = run.outcome()
    totals = outcome.totals
    lines = [
        f"load test {run.options.scenario}: {totals.users:,} users, {run.duration_s:,.0f} s, "
        f"{environment.host}",
        f"  sent {totals.sent:,}, acknowledged {totals.acknowledged:,}, lost {totals.lost:,}, "
        f"duplicated {totals.duplicated:,}, reconnects {totals.reconnects:,}",
        _times(environment, "ack", "from the moment of sending to the count"),
        _times(environment, "gap", "without a working connection, per reconnect"),
        _times(environment, "connect", "from the first packet to the welcome"),
        _times(environment, "resume", "the same, when coming back"),
        f"  failures {outcome.failures:,} of {outcome.requests:,} "
        f"({outcome.failures_percent:.3f} %), stored counts compared {totals.audited:,}, "
        f"busiest generator {run.busiest_percent:.0f} % of a core",
    ]
    sentences = broken(outcome, run.limits())
    if run.promotion:
        lines.append(f"  {run.promotion}")
        if run.promotion.failed:
            sentences.append(f"{run.promotion}; it must end with 0")
    log = run.compare_log()
    if log:
        lines.append(f"  {log}")
        sentences += log.broken(totals.users)
    lines += [f"BROKEN {sentence}" for sentence in sentences] or ["ok: every threshold held"]
    return "\n".join(lines), 1 if sentences else 0


def _times(environment, name: str, meaning: str) -> str:
    entry = environment.stats.get(name, "WS")
    if not entry.num_requests:
        return f"  {name}: none"
    percentiles = ", ".join(
        f"p{share * 100:.0f} {entry.get_response_time_percentile(share):,.0f}"
        for share in PERCENTILES
    )
    return f"  {name}: {percentiles}, slowest {entry.max_response_time:,.0f} ms ({meaning})"
