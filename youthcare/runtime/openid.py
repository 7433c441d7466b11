"""Signing in at the issuer: the code flow of OpenID Connect Core 1.0 with PKCE (RFC 7636, S256), state and nonce.

1. A flow is one secret in a cookie of the browser that began it. State, nonce and verifier are digests of it, so the
   state that travels in addresses tells nothing of the others, and nothing is kept here.
2. A code is redeemed with the verifier of the flow that asked for it: one that was made for another browser is
   refused by the issuer.
3. The identity token must be for this client and of this flow; the access token goes through the gate like that of
   any bearer, must be about the same subject, and is what the browser keeps.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx

from youthcare.runtime.discovery import TIMEOUT_SECONDS, Discovery
from youthcare.runtime.door_settings import OpenIdSettings
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.security import TokenGate, Unauthorised

FLOW_SECONDS = 600
"""How long somebody may take at the issuer."""


class SignInRefused(Exception):
    """The issuer or the gate did not let somebody in; which of them, and why, is not told to the browser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One attempt to sign in, and the page that it leads back to."""

    secret: str
    back: str

    @property
    def state(self) -> str:
        """Comes back with the code, and shows that this browser asked for it."""
        return self._digest("state")

    @property
    def nonce(self) -> str:
        """Comes back in the identity token, and shows that it was made for this flow."""
        return self._digest("nonce")

    @property
    def verifier(self) -> str:
        """Shows to the issuer that whoever redeems the code asked for it (RFC 7636 §4.1)."""
        return self._digest("verifier")

    @property
    def challenge(self) -> str:
        """What the issuer is told of the verifier beforehand (RFC 7636 §4.2, S256)."""
        return urlsafe_b64encode(sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()

    def _digest(self, use: str) -> str:
        return hmac.new(self.secret.encode(), use.encode(), sha256).hexdigest()


def new_flow(back: str) -> Flow:
    """A flow that nobody can guess."""
    return Flow(secret=secrets.token_urlsafe(32), back=back)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenId:
    """This installation as a client of its issuer. All but the constructor may do I/O: call it in a thread."""

    settings: OpenIdSettings
    gate: TokenGate
    discovery: Discovery
    secret: str | None

    def address(self, flow: Flow) -> str:
        """Where a browser begins a flow; raises ``Unavailable``."""
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.settings.redirect_url,
            "scope": self.settings.scope,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
        }
        return _with(self.discovery.endpoints().authorization, asked)

    def sign_out_address(self, signed_out: str) -> str | None:
        """Where somebody signs out at the issuer as well; None when it has no such door. Raises ``Unavailable``.

        ``signed_out`` is the path of ours to come back to (OpenID Connect RP-Initiated Logout 1.0).
        """
        door = self.discovery.endpoints().end_session
        here = urlsplit(self.settings.redirect_url)
        back = f"{here.scheme}://{here.netloc}{signed_out}"
        asked = {"client_id": self.settings.client_id, "post_logout_redirect_uri": back}
        return None if door is None else _with(door, asked)

    def redeem(self, flow: Flow, answered: Mapping[str, str]) -> str:
        """The bearer token for what the issuer sent a browser back with; raises ``SignInRefused``, ``Unavailable``."""
        if not hmac.compare_digest(flow.state.encode(), answered.get("state", "").encode()):
            raise SignInRefused
        told, must_tell = answered.get("iss"), self.discovery.endpoints().tells_issuer
        if (told is not None or must_tell) and told != self.settings.issuer:
            raise SignInRefused
        if "error" in answered or not answered.get("code"):
            raise SignInRefused
        return self._checked(flow, self._exchanged(flow, answered["code"]))

    def _exchanged(self, flow: Flow, code: str) -> Mapping[str, Any]:
        doors = self.discovery.endpoints()
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.settings.redirect_url,
            "client_id": self.settings.client_id,
            "code_verifier": flow.verifier,
        }
        by_header = None
        if self.secret is not None and doors.posts_secret:
            sent["client_secret"] = self.secret
        elif self.secret is not None:
            # RFC 6749 §2.3.1: each is encoded as in a form first.
            by_header = httpx.BasicAuth(quote_plus(self.settings.client_id), quote_plus(self.secret))
        return _answer(doors.token, sent, by_header)

    def _checked(self, flow: Flow, tokens: Mapping[str, Any]) -> str:
        access = str(tokens.get("access_token", ""))
        try:
            subject = self.gate.identify(str(tokens.get("id_token", "")), self.settings.client_id, flow.nonce)
            bearer = self.gate.admit(f"Bearer {access}")
        except Unauthorised:
            raise SignInRefused from None
        if bearer.subject != subject:
            raise SignInRefused
        return access


def openid_client(settings: OpenIdSettings, gate: TokenGate) -> OpenId:
    """The client that the settings describe; raises ``OSError`` for a secret that cannot be read."""
    file = settings.client_secret_file
    secret = None if file is None else Path(file).read_text(encoding="utf-8").strip()
    return OpenId(settings=settings, gate=gate, discovery=Discovery(settings.issuer), secret=secret)


def _answer(address: str, sent: Mapping[str, str], auth: httpx.BasicAuth | None) -> Mapping[str, Any]:
    try:
        answer = httpx.post(address, data=sent, auth=auth, timeout=TIMEOUT_SECONDS, follow_redirects=False)
    except httpx.HTTPError as error:
        raise Unavailable(f"the issuer is away: {type(error).__name__}") from None
    if answer.status_code >= 500:
        raise Unavailable("the issuer cannot redeem a code now")
    try:
        tokens = answer.json()
    except ValueError:
        raise SignInRefused from None
    if answer.status_code != 200 or not isinstance(tokens, dict):
        raise SignInRefused
    return tokens


def _with(address: str, asked: Mapping[str, str]) -> str:
    return address + ("&" if urlsplit(address).query else "?") + urlencode(asked)
