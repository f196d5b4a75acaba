"""Tokens of the users, for servers that require them: docs/operations/authentication.md."""

import base64
import dataclasses
import hashlib
import hmac
import json
import pathlib
import time
import uuid

LIFETIME_S = 3600


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


@dataclasses.dataclass(frozen=True)
class Tokens:
    """Signs tokens with the secret of a test server (HS256)."""

    secret: bytes
    claims: dict

    @classmethod
    def of(cls, file: str, claims: str) -> "Tokens":
        """Reads the secret as the server does, without one newline at its end.

        Raises ValueError if the claims are not a JSON object.
        """
        parsed = json.loads(claims)
        if not isinstance(parsed, dict):
            raise ValueError(f"claims must be a JSON object, not {claims}")
        return cls(pathlib.Path(file).read_bytes().removesuffix(b"\n"), parsed)

    def mint(self, subject: str) -> str:
        """A token for one user, valid for an hour."""
        body = {**self.claims, "sub": subject, "exp": int(time.time()) + LIFETIME_S}
        parts = [json.dumps(part).encode("utf-8") for part in ({"alg": "HS256"}, body)]
        signed = ".".join(map(_base64url, parts))
        digest = hmac.new(self.secret, signed.encode("ascii"), hashlib.sha256).digest()
        return f"{signed}.{_base64url(digest)}"


@dataclasses.dataclass(frozen=True)
class Identity:
    """One user with tokens of its own."""

    tokens: Tokens
    subject: str = dataclasses.field(default_factory=lambda: f"load-{uuid.uuid4()}")

    def token(self) -> str:
        """A new token, for one attempt to connect."""
        return self.tokens.mint(self.subject)

    def key(self, session_id: str) -> str:
        """The session as the server names it, in the message log too (docs/PROTOCOL.md, P-52)."""
        named = uuid.UUID(session_id).bytes + self.subject.encode("utf-8")
        key = bytearray(hashlib.sha256(named).digest()[:16])
        key[6] = key[6] & 0x0F | 0x80
        key[8] = key[8] & 0x3F | 0x80
        return str(uuid.UUID(bytes=bytes(key)))
