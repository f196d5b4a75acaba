"""Importing Locust patches sockets and threads with gevent, as in a run."""

import locust  # noqa: F401
