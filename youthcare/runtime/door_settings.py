"""The settings of an API: where it listens, whose tokens it believes, where people sign in, how much it takes.

They are part of ``settings.Settings``; nothing reads them elsewhere. What belongs together is checked together here.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
Port = Annotated[int, Field(ge=0, le=65535)]
PerMinute = Annotated[int, Field(ge=1, le=1_000_000)]
CALLBACK = "/aanmelden/terug"
"""The path to which the issuer sends a browser back."""
T = TypeVar("T")


class SettingMissing(Exception):
    """A process needs a setting that the environment does not have; the text is its name."""

    def __init__(self, *names: str) -> None:
        super().__init__("set " + " or ".join(names))


class SettingWrong(Exception):
    """A setting has a value that cannot be used; the text names it and never repeats the value."""


class Model(BaseModel):
    """What all settings are: frozen, and silent about their values."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class RateSettings(Model):
    """How many requests one process takes in a minute; see ``rates.py``."""

    bearer_per_minute: int
    attempts_per_minute: int


class CertificatePair(Model):
    """The certificate by which a process shows who it is, and its key; both files in PEM."""

    certificate_file: str
    key_file: str


class HttpSettings(Model):
    """Where an API listens, and how much it takes; without rates it takes all, without a certificate in the open."""

    host: str
    port: Port
    open_documentation: bool
    body_bytes_max: int
    rates: RateSettings | None = None
    pair: CertificatePair | None = None


class TokenSettings(Model):
    """Which bearer tokens are believed; the algorithms come from here and never from a token.

    Without a file or an address the key set stands where the discovery document of the issuer says.
    """

    jwks_file: str | None
    jwks_url: str | None
    issuer: str
    audience: str
    algorithms: tuple[Algorithm, ...]


class OpenIdSettings(Model):
    """How people with a browser sign in at the issuer (OpenID Connect Core 1.0, the code flow)."""

    issuer: str
    client_id: str
    client_secret_file: str | None
    redirect_url: str
    scope: str


class DoorVariables(Model):
    """The variables of an API, by their names in lower case."""

    http_host: str = "127.0.0.1"  # loopback: opening a service to a network is a choice
    http_port: Port | None = None
    http_certificate_file: str | None = None
    http_key_file: str | None = None
    http_open_documentation: bool = False
    http_body_bytes_max: Annotated[int, Field(gt=0)] = 26_000_000  # a 25 MB message and its envelope
    http_requests_per_minute: PerMinute = 6000
    http_attempts_per_minute: PerMinute = 60
    jwks_file: str | None = None
    jwks_url: str | None = None
    token_issuer: str | None = None
    token_audience: str | None = None
    token_algorithms: tuple[Algorithm, ...] = ("RS256", "ES256")
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret_file: str | None = None
    oidc_redirect_url: str | None = None
    oidc_scope: str = "openid"

    @field_validator("token_algorithms", mode="before")
    @classmethod
    def _split_algorithms(cls, value: object) -> object:
        return split(value)

    def http(self) -> HttpSettings:
        """Where this API listens, and how much it takes."""
        return HttpSettings(
            host=self.http_host,
            port=needed(self.http_port, "HTTP_PORT"),
            open_documentation=self.http_open_documentation,
            body_bytes_max=self.http_body_bytes_max,
            rates=RateSettings(
                bearer_per_minute=self.http_requests_per_minute, attempts_per_minute=self.http_attempts_per_minute
            ),
            pair=self.pair(),
        )

    def pair(self) -> CertificatePair | None:
        """The certificate of this process's pages; None when it shows them in the open. Raises ``SettingMissing``."""
        if self.http_certificate_file is None and self.http_key_file is None:
            return None
        return CertificatePair(
            certificate_file=needed(self.http_certificate_file, "HTTP_CERTIFICATE_FILE"),
            key_file=needed(self.http_key_file, "HTTP_KEY_FILE"),
        )

    def token(self) -> TokenSettings:
        """Which bearer tokens this API believes."""
        if self.jwks_file is None and self.jwks_url is None and self.oidc_issuer is None:
            raise SettingMissing("JWKS_FILE", "JWKS_URL", "OIDC_ISSUER")
        return TokenSettings(
            jwks_file=self.jwks_file,
            jwks_url=self.jwks_url,
            issuer=needed(self.token_issuer, "TOKEN_ISSUER"),
            audience=needed(self.token_audience, "TOKEN_AUDIENCE"),
            algorithms=self.token_algorithms,
        )

    def openid(self) -> OpenIdSettings | None:
        """Where people sign in; None when no issuer is named, and then they paste a token. Raises ``SettingWrong``."""
        if self.oidc_issuer is None:
            return None
        found = OpenIdSettings(
            issuer=self.oidc_issuer,
            client_id=needed(self.oidc_client_id, "OIDC_CLIENT_ID"),
            client_secret_file=self.oidc_client_secret_file,
            redirect_url=needed(self.oidc_redirect_url, "OIDC_REDIRECT_URL"),
            scope=self.oidc_scope,
        )
        if found.issuer != self.token_issuer:
            raise SettingWrong("OIDC_ISSUER: is not TOKEN_ISSUER, so no token of it would count")
        if not is_guarded(found.issuer):
            raise SettingWrong("OIDC_ISSUER: must be https, but on this machine itself")
        if not is_guarded(found.redirect_url) or urlsplit(found.redirect_url).path != CALLBACK:
            raise SettingWrong(f"OIDC_REDIRECT_URL: must be https, but on this machine itself, and end in {CALLBACK}")
        if "openid" not in found.scope.split():
            raise SettingWrong("OIDC_SCOPE: must have openid")
        return found


def is_guarded(address: str) -> bool:
    """Whether nobody can listen in on what goes to an address: https, or plain HTTP that stays on this machine."""
    parts = urlsplit(address)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and is_here(parts.hostname)))


def is_here(host: str | None) -> bool:
    """Whether a host name or address is this machine itself."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def split(value: object) -> object:
    """A list as it stands in a variable: parted by commas."""
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


def needed(value: T | None, name: str) -> T:
    """A value that must be there; raises ``SettingMissing``."""
    if value is None:
        raise SettingMissing(name)
    return value
