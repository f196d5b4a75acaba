"""Messages as people write them in a chat: most are short, and not all are ASCII."""

import random

GREETINGS = ("hi", "hey all", "good morning", "hello", "moin", "hola", "おはよう", "re")
ANSWERS = (
    "ok",
    "yes",
    "no",
    "thanks!",
    "thx",
    "+1",
    "sure",
    "on it",
    "lol",
    "👍",
    "🎉🎉",
    "same here",
    "not yet",
    "in a minute",
    "ça marche",
    "давай",
)
SENTENCES = (
    "does anybody know why the build is red?",
    "I pushed a fix, please have a look when you can.",
    "the meeting moved to half past three",
    "who is on call this week?",
    "that page loads much faster now, nice",
    "can we talk about the release notes for a second?",
    "it works on my machine, but not behind the proxy",
    'the log says "connection reset by peer", again',
    "Könnt ihr mich hören? Das Mikrofon spinnt.",
    "let's roll it back and look at it tomorrow with fresh eyes",
    "did the customer ever answer that question about the invoice?",
    "see https://example.com/tickets/4711 for the details",
)


def choose(random_source: random.Random) -> str:
    """One message: 15 % greetings, 45 % answers, 35 % sentences, 5 % several sentences."""
    kind = random_source.random()
    if kind < 0.15:
        return random_source.choice(GREETINGS)
    if kind < 0.60:
        return random_source.choice(ANSWERS)
    if kind < 0.95:
        return random_source.choice(SENTENCES)
    return " ".join(random_source.choices(SENTENCES, k=random_source.randint(3, 8)))
