"""The message log in Redis, compared with the users' own accounts."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import redis

ENTRIES_PER_READ = 5000
PARTITIONS = "tally:messages:partitions"


class Texts:
    """A digest of texts in their order, so that the texts of hours take no memory."""

    __slots__ = ("_hash", "number")

    def __init__(self) -> None:
        self.number = 0
        self._hash = hashlib.sha256()

    def add(self, text: bytes) -> None:
        """Adds the next text."""
        self.number += 1
        self._hash.update(len(text).to_bytes(4))
        self._hash.update(text)

    def digest(self) -> str:
        """The digest so far."""
        return self._hash.hexdigest()


@dataclass(frozen=True, slots=True)
class Account:
    """What a user knows of its session: how many messages were counted, and which."""

    session: str
    count: int
    digest: str


@dataclass(slots=True)
class Comparison:
    """The sums over all sessions."""

    sessions: int = 0
    entries: int = 0
    missing: int = 0
    repeated: int = 0
    different: int = 0
    error: str | None = None

    def __str__(self) -> str:
        return (
            f"in the log {self.entries:,}, missing {self.missing:,}, repeated {self.repeated:,}, "
            f"sessions with other texts {self.different:,}, sessions compared {self.sessions:,}"
        )

    def broken(self, users: int) -> list[str]:
        """A sentence for each thing that is wrong."""
        if self.error:
            return [f"log: {self.error}"]
        sentences = []
        if self.missing or self.repeated or self.different:
            sentences.append(
                f"log: {self.missing:,} counted messages are missing in the message log, "
                f"{self.repeated:,} entries are there twice or were not counted, and "
                f"{self.different:,} sessions have other texts; none may"
            )
        if self.sessions != users:
            sentences.append(
                f"log: {self.sessions:,} of {users:,} users compared their account with the "
                "message log; all must"
            )
        return sentences


@dataclass(slots=True)
class _Session:
    """One session as the log has it."""

    began: bytes | None = None
    last: int = 0
    texts: Texts = field(default_factory=Texts)
    missing: int = 0
    repeated: int = 0

    def read(self, entry: dict[bytes, bytes]) -> None:
        if entry[b"began"] != self.began:
            # Redis has lost the session, and its numbers begin again.
            self.began, self.last = entry[b"began"], 0
        if b"gap" in entry:
            first, _, last = entry[b"gap"].partition(b"-")
            self.missing += int(last) + 1 - int(first)
            self.last = int(last)
            return
        number = int(entry[b"n"])
        if number <= self.last:
            self.repeated += 1
            return
        self.missing += number - self.last - 1
        self.last = number
        self.texts.add(entry[b"text"])


class MessageLog:
    """The log from the moment on in which this is made: what was there before does not count.

    Raises redis.RedisError or ValueError, with a sentence, if there is no log.
    """

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(url, socket_timeout=60, socket_connect_timeout=10)
        partitions = self._redis.get(PARTITIONS)
        if partitions is None:
            raise ValueError("the servers there have no message log (--message-log on)")
        self._streams = [f"tally:messages:{{{number}}}" for number in range(int(partitions))]
        seconds, micros = self._redis.time()
        # A stream's ids are Redis's clock, or more if that was set back.
        self._start = f"{seconds * 1000 + micros // 1000}-0"

    def compare(self, accounts: list[Account]) -> Comparison:
        """Reads the log once, and holds it against the accounts."""
        found = {account.session.encode(): _Session() for account in accounts}
        result = Comparison(sessions=len(accounts))
        try:
            for stream in self._streams:
                for entry in self._entries(stream):
                    session = found.get(entry[b"session"])
                    if session:
                        session.read(entry)
        except redis.RedisError as e:
            result.error = f"it cannot be read: {e}"
        for account in accounts:
            session = found[account.session.encode()]
            missing = session.missing + max(0, account.count - session.last)
            repeated = session.repeated + max(0, session.last - account.count)
            result.entries += session.texts.number + session.repeated
            result.missing += missing
            result.repeated += repeated
            # With a message less or more the digest is another one anyway.
            if not missing and not repeated and session.texts.digest() != account.digest:
                result.different += 1
        return result

    def _entries(self, stream: str) -> Iterator[dict[bytes, bytes]]:
        start = self._start
        while entries := self._redis.xrange(stream, start, count=ENTRIES_PER_READ):
            for _, entry in entries:
                yield entry
            start = b"(" + entries[-1][0]
