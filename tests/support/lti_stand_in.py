"""A stand-in for Canvas's side of LTI 1.3: its keys on loopback, and its messages."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
CLIENT = "10000000000012"
DEPLOYMENT = "12:a94a8fe5ccb19ba61c4c0873d391e987"


def new_key() -> rsa.RSAPrivateKey:
    """An RSA key as Canvas has one."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class StandInCanvas:
    """A platform with one key; use as a context manager to serve its key set."""

    key: rsa.RSAPrivateKey = field(default_factory=new_key)
    issuer: str = "https://canvas.instructure.com"
    url: str = ""

    def __enter__(self) -> StandInCanvas:
        """Serve the key set on a free port of loopback."""
        public = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        body = json.dumps({"keys": [public | {"kid": "one", "alg": "RS256"}]}).encode()

        class Keys(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.server.server_close()

    def claims(self, nonce: str, **changed: Any) -> dict[str, Any]:
        """A message as Canvas's source builds it, for Ada unless changed."""
        now = int(time.time())
        told: dict[str, Any] = {
            "aud": CLIENT,
            "azp": CLIENT,
            "iss": self.issuer,
            "sub": "sub-of-ada",
            "iat": now,
            "exp": now + 3600,
            "nonce": nonce,
            "name": "Ada Lovelace",
            "email": "ada@example.edu",
            f"{CLAIM}version": "1.3.0",
            f"{CLAIM}message_type": "LtiResourceLinkRequest",
            f"{CLAIM}deployment_id": DEPLOYMENT,
            f"{CLAIM}target_link_uri": "https://hub.example.edu/hub",
            f"{CLAIM}resource_link": {"id": "5b2c"},
            f"{CLAIM}context": {"id": "4dde", "label": "RNN"},
            f"{CLAIM}roles": [
                "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
            ],
            f"{CLAIM}custom": {"canvas_id": 17, "login": "ada", "sis_id": "$Canvas.x"},
        }
        named = {"custom", "roles", "deployment_id", "lis"}
        told |= {CLAIM + k if k in named else k: v for k, v in changed.items()}
        return told

    def message(self, nonce: str, key: Any = None, **changed: Any) -> str:
        """The signed message (the id_token)."""
        headers = {"kid": "one"}
        told = self.claims(nonce, **changed)
        token: str = jwt.encode(
            told, key or self.key, algorithm="RS256", headers=headers
        )
        return token
