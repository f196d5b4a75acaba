"""Locust makes sockets and threads gevent's as soon as it is imported; here as in a run."""

import locust  # noqa: F401
