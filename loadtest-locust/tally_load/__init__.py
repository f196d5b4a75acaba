"""A load test for Tally whose users keep account of every message."""
