#!/usr/bin/env python3
"""Reads Tally's message log and acts on each message once. Copy it, and change act().

    consumer.py --redis-url redis://127.0.0.1:6379 --database inbox.db --worker 0 --workers 2

Each worker reads partitions of its own, so the messages of a session come in order. It may be
killed at any time. Start it again with the same number, and it goes on where it was.
"""

import argparse
import logging
import os
import sqlite3
import time

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

GROUP = "inbox"
COUNT = 100  # entries in one transaction, at most

TABLES = """
CREATE TABLE IF NOT EXISTS handled (
  session TEXT, began INTEGER, n INTEGER, PRIMARY KEY (session, began, n)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inbox (session TEXT, n INTEGER, text TEXT, at INTEGER);
"""


def act(database: sqlite3.Connection, message: dict[str, str]) -> None:
    """Your part. All that it writes here is stored together with the row in handled."""
    database.execute("INSERT INTO inbox VALUES (:session, :n, :text, :at)", message)


def handle(client: redis.Redis, database: sqlite3.Connection, stream: str, entries: list) -> None:
    """Acts on entries in one transaction, and acknowledges them after it."""
    with database:
        for _, entry in entries:
            if "gap" in entry:
                logging.warning("session %(session)s: messages %(gap)s are not in the log", entry)
                continue
            new = database.execute(
                "INSERT INTO handled VALUES (:session, :began, :n) ON CONFLICT DO NOTHING", entry
            )
            if new.rowcount == 1:
                act(database, entry)
    if entries:
        client.xack(stream, GROUP, *(number for number, _ in entries))


def take_over(client: redis.Redis, database: sqlite3.Connection, stream: str, name: str) -> None:
    """Handles what was read and not acknowledged, by this worker or by one before it."""
    try:
        # From the first entry on, so that nothing is left out that was there before the group.
        client.xgroup_create(stream, GROUP, id="0", mkstream=True)
    except redis.ResponseError as error:
        if not str(error).startswith("BUSYGROUP"):
            raise
    start = ""
    while start != "0-0":
        start, entries, *_ = client.xautoclaim(
            stream, GROUP, name, min_idle_time=0, start_id=start or "0-0", count=COUNT
        )
        # Redis 6.2 has nothing in place of an entry that was trimmed.
        handle(client, database, stream, [entry for entry in entries if entry[1]])


def follow(client: redis.Redis, database: sqlite3.Connection, worker: int, workers: int) -> None:
    """Handles all there is, and then what comes. Ends with an error."""
    partitions = int(client.get("tally:messages:partitions") or 0)
    streams = [f"tally:messages:{{{number}}}" for number in range(worker, partitions, workers)]
    if not streams:
        raise redis.RedisError(f"no partition for worker {worker}: there are {partitions}")
    name = f"worker-{worker}"
    for stream in streams:
        take_over(client, database, stream, name)
    logging.info("worker %d of %d reads %d partitions", worker, workers, len(streams))
    new = dict.fromkeys(streams, ">")
    while True:
        for stream, entries in client.xreadgroup(GROUP, name, new, count=COUNT, block=2000):
            handle(client, database, stream, entries)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--redis-url", default=os.environ.get("REDIS_URL", "redis://127.0.0.1"))
    parser.add_argument("--database", required=True, help="a file of SQLite")
    parser.add_argument("--worker", type=int, default=0, help="from 0 to --workers less 1")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")

    database = sqlite3.connect(options.database, timeout=60)
    database.execute("PRAGMA journal_mode = WAL")
    database.executescript(TABLES)
    # Without retries. If the answer to a read is lost, its entries are with this worker, and a
    # repeated read would return later ones. follow() takes them over instead.
    client = redis.Redis.from_url(
        options.redis_url, decode_responses=True, socket_timeout=10, retry=Retry(NoBackoff(), 0)
    )
    while True:
        try:
            follow(client, database, options.worker, options.workers)
        except redis.RedisError as error:
            logging.warning("again in a second: %s", error)
            time.sleep(1)


if __name__ == "__main__":
    main()
