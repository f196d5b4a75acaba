"""An issuer of tokens with a key of its own, made with openssl."""

import base64
import json
import subprocess
import time
from pathlib import Path


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """Signs with Ed25519; its key set is in the file `jwks`."""

    def __init__(self, directory: Path):
        self.key = directory / "issuer.pem"
        self.jwks = directory / "jwks.json"
        self._openssl("genpkey", "-algorithm", "ed25519", "-out", self.key)
        public = self._openssl("pkey", "-in", self.key, "-pubout", "-outform", "DER")
        key = {"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": base64url(public[-32:])}
        self.jwks.write_text(json.dumps({"keys": [key]}), encoding="utf-8")

    def token(self, subject: str) -> str:
        parts = {"alg": "EdDSA", "kid": "1"}, {"sub": subject, "exp": int(time.time()) + 3600}
        signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        file = self.key.with_suffix(".signed")
        file.write_text(signed, encoding="utf-8")
        signature = self._openssl("pkeyutl", "-sign", "-inkey", self.key, "-rawin", "-in", file)
        return f"{signed}.{base64url(signature)}"

    def _openssl(self, *arguments: str | Path) -> bytes:
        return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout
