"""A load test for Tally. Its users check the count of every message."""
