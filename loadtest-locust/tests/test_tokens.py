"""The tokens of the users, against real servers that require them."""

import json

import pytest
from servers import redis, tally
from test_runs import ending, load_test

from tally_load.tokens import Identity, Tokens

SECRET = "a secret of thirty-two bytes or more"


def test_the_key_of_a_session_is_the_documented_one():
    identity = Identity(Tokens(b"", {}), "alice")
    assert (
        identity.key("123e4567-e89b-42d3-a456-426614174000")
        == "5e8a7b46-a61b-8b17-a2d3-725e84057509"
    )


def test_claims_that_are_no_object_are_refused(tmp_path):
    file = tmp_path / "secret"
    file.write_text(SECRET, encoding="utf-8")
    with pytest.raises(ValueError, match="must be a JSON object"):
        Tokens.of(str(file), "[]")
    with pytest.raises(ValueError, match="Expecting value"):
        Tokens.of(str(file), "what")


def test_each_user_has_a_token_of_its_own_and_the_log_has_what_it_sent(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n", encoding="utf-8")
    auth = ("--auth-secret-file", str(secret), "--auth-audience", "tally")
    with (
        redis(tmp_path) as redis_url,
        tally("blue", redis_url, tmp_path, "--message-log", "on", *auth) as blue,
    ):
        url = f"ws://127.0.0.1:{blue.port}/ws/chat/"
        common = ("--pace", "20", "--check-log", redis_url, "--max-ack-p99", "60000")
        token = ("--token-secret-file", str(secret), "--token-claims", json.dumps({"aud": "tally"}))
        with load_test(url, users=20, seconds=5, directory=tmp_path, more=(*common, *token)) as run:
            summary, figures, code = ending(run)
        assert code == 0
        assert figures["sent"] == figures["acknowledged"] > 0
        assert f"in the log {figures['sent']:,}, missing 0, repeated 0, " in summary
        with load_test(url, users=2, seconds=2, directory=tmp_path, more=common) as run:
            output, _ = run.communicate(timeout=300)
        assert run.returncode != 0
        assert "401" in output
