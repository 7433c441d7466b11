"""All settings, from the environment and from nowhere else, read once.

1. :meth:`Settings.from_env` is a pure function of a mapping; what is there must be right, or is refused at once.
2. What a process needs it asks for at its start (``settings.broker()``); a missing setting names itself.
3. Nothing is guessed: a default stands here only where it is safe everywhere, and says so. The environment holds
   addresses and secrets; thresholds, norms and definitions are data, not settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

Security = Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
Service = Literal["indication", "trajectory", "indicators", "alerts"]
MailSecurity = Literal["starttls", "tls", "plaintext"]
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
T = TypeVar("T")


class SettingMissing(Exception):
    """A process needs a setting that the environment does not have; the text is its name."""

    def __init__(self, *names: str) -> None:
        super().__init__("set " + " or ".join(names))


class SettingWrong(Exception):
    """A setting has a value that cannot be used; the text names it and never repeats the value."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class BrokerSettings(_Model):
    """How to reach Kafka. The default is plaintext because it is Kafka's own; production uses ssl or sasl_ssl."""

    bootstrap_servers: str
    security: Security
    ca_file: str | None
    certificate_file: str | None
    key_file: str | None
    sasl_mechanism: str | None
    username: str | None
    password: str | None = Field(repr=False)


class DatabaseSettings(_Model):
    """How to reach one service's database role."""

    dsn: str = Field(repr=False)
    connections_max: int = 10
    connect_seconds: float = 5.0
    command_seconds: float = 30.0


class HttpSettings(_Model):
    """Where an API listens."""

    host: str
    port: Port
    open_documentation: bool
    body_bytes_max: int


class TokenSettings(_Model):
    """Which bearer tokens are believed; the algorithms come from here and never from a token."""

    jwks_file: str | None
    jwks_url: str | None
    issuer: str
    audience: str
    algorithms: tuple[Algorithm, ...]


class DeliverySettings(_Model):
    """How what is told reaches a receiver that may be away; times in seconds."""

    first_pause_seconds: float
    longest_pause_seconds: float
    attempts_max: int
    timeout_seconds: float
    heartbeat_seconds: float
    keys_file: str | None
    private_networks: tuple[IPv4Network | IPv6Network, ...]


class MailSettings(_Model):
    """How mail leaves, and what stands in it."""

    host: str
    port: Port
    security: MailSecurity
    username: str | None
    password: str | None = Field(repr=False)
    ca_file: str | None
    sender: str
    inbox_url: str
    digest_at: time


class WorkerSettings(_Model):
    """What a stream worker needs; times in seconds."""

    broker: BrokerSettings
    database: DatabaseSettings
    metrics_host: str = "127.0.0.1"
    metrics_port: Port
    patience_seconds: float = 60.0
    stalled_seconds: float = 120.0
    stop_seconds: float = 20.0
    session_seconds: float = 10.0
    batch_records_max: int = 1000
    batch_within_seconds: float = 0.05


class Settings(_Model):
    """The environment, checked; the fields are the variables' names in lower case."""

    kafka_bootstrap_servers: str | None = None
    kafka_security: Security = "plaintext"
    kafka_ca_file: str | None = None
    kafka_certificate_file: str | None = None
    kafka_key_file: str | None = None
    kafka_sasl_mechanism: str | None = None
    kafka_username: str | None = None
    kafka_password: str | None = Field(default=None, repr=False)
    indication_dsn: str | None = Field(default=None, repr=False)
    trajectory_dsn: str | None = Field(default=None, repr=False)
    indicators_dsn: str | None = Field(default=None, repr=False)
    alerts_dsn: str | None = Field(default=None, repr=False)
    http_host: str = "127.0.0.1"  # loopback: opening a service to a network is a choice
    http_port: Port | None = None
    http_open_documentation: bool = False
    http_body_bytes_max: Annotated[int, Field(gt=0)] = 26_000_000  # a 25 MB message and its envelope
    metrics_host: str = "127.0.0.1"
    metrics_port: Port | None = None
    worker_patience_seconds: Seconds = 60.0
    worker_stalled_seconds: Seconds = 120.0
    jwks_file: str | None = None
    jwks_url: str | None = None
    token_issuer: str | None = None
    token_audience: str | None = None
    token_algorithms: tuple[Algorithm, ...] = ("RS256", "ES256")
    topic_replication: Annotated[int, Field(ge=1, le=9)] = 1  # one broker; a cluster of three sets 3
    log_salt: str | None = Field(default=None, repr=False)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    ijw_schema_folder: str | None = None
    identity_keys_file: str | None = None
    forget_mark_seconds: Annotated[float, Field(ge=0, le=86_400)] = 3600.0  # a marker per partition and hour
    rules_file: str | None = None
    definitions_file: str | None = None
    care_forms_file: str | None = None
    delivery_first_pause_seconds: Seconds = 5.0
    delivery_longest_pause_seconds: Annotated[float, Field(gt=0, le=86_400)] = 3600.0
    delivery_attempts_max: Annotated[int, Field(ge=1)] = 100  # four days with the pauses above
    delivery_timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0
    heartbeat_seconds: Seconds = 60.0
    access_log_keys_file: str | None = None
    auditor_dsn: str | None = Field(default=None, repr=False)
    processing_activities_file: str | None = None
    webhook_keys_file: str | None = None
    webhook_private_networks: tuple[IPv4Network | IPv6Network, ...] = ()  # none: a webhook leaves for the internet
    smtp_host: str | None = None
    smtp_port: Port = 587
    smtp_security: MailSecurity = "starttls"
    smtp_username: str | None = None
    smtp_password: str | None = Field(default=None, repr=False)
    smtp_ca_file: str | None = None
    mail_sender: str | None = None
    digest_at: time = time(7, 30)
    inbox_url: str | None = None

    @field_validator("token_algorithms", "webhook_private_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read all settings; an empty variable counts as absent. Raises ``SettingWrong``, which names them."""
        given = {
            name: environment[name.upper()] for name in cls.model_fields if environment.get(name.upper(), "") != ""
        }
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            wrong = sorted({f"{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors()})
            raise SettingWrong("; ".join(wrong)) from None

    def broker(self) -> BrokerSettings:
        """How to reach Kafka."""
        return BrokerSettings(
            bootstrap_servers=_needed(self.kafka_bootstrap_servers, "KAFKA_BOOTSTRAP_SERVERS"),
            security=self.kafka_security,
            ca_file=self.kafka_ca_file,
            certificate_file=self.kafka_certificate_file,
            key_file=self.kafka_key_file,
            sasl_mechanism=self.kafka_sasl_mechanism,
            username=self.kafka_username,
            password=self.kafka_password,
        )

    def database(self, service: Service) -> DatabaseSettings:
        """How to reach the database role of a service; a process is given the DSN of its own service alone."""
        by_service = {
            "indication": self.indication_dsn,
            "trajectory": self.trajectory_dsn,
            "indicators": self.indicators_dsn,
            "alerts": self.alerts_dsn,
        }
        return DatabaseSettings(dsn=_needed(by_service[service], f"{service.upper()}_DSN"))

    def http(self) -> HttpSettings:
        """Where this API listens."""
        return HttpSettings(
            host=self.http_host,
            port=_needed(self.http_port, "HTTP_PORT"),
            open_documentation=self.http_open_documentation,
            body_bytes_max=self.http_body_bytes_max,
        )

    def token(self) -> TokenSettings:
        """Which bearer tokens this API believes."""
        if self.jwks_file is None and self.jwks_url is None:
            raise SettingMissing("JWKS_FILE", "JWKS_URL")
        return TokenSettings(
            jwks_file=self.jwks_file,
            jwks_url=self.jwks_url,
            issuer=_needed(self.token_issuer, "TOKEN_ISSUER"),
            audience=_needed(self.token_audience, "TOKEN_AUDIENCE"),
            algorithms=self.token_algorithms,
        )

    def delivery(self) -> DeliverySettings:
        """How what is told reaches its receivers."""
        return DeliverySettings(
            first_pause_seconds=self.delivery_first_pause_seconds,
            longest_pause_seconds=self.delivery_longest_pause_seconds,
            attempts_max=self.delivery_attempts_max,
            timeout_seconds=self.delivery_timeout_seconds,
            heartbeat_seconds=self.heartbeat_seconds,
            keys_file=self.webhook_keys_file,
            private_networks=self.webhook_private_networks,
        )

    def mail(self) -> MailSettings | None:
        """How mail leaves; None when no server is named, and then no mail is made."""
        if self.smtp_host is None:
            return None
        return MailSettings(
            host=self.smtp_host,
            port=self.smtp_port,
            security=self.smtp_security,
            username=self.smtp_username,
            password=self.smtp_password,
            ca_file=self.smtp_ca_file,
            sender=_needed(self.mail_sender, "MAIL_SENDER"),
            inbox_url=_needed(self.inbox_url, "INBOX_URL"),
            digest_at=self.digest_at,
        )

    def worker(self, service: Service) -> WorkerSettings:
        """What the stream worker of a service needs."""
        return WorkerSettings(
            broker=self.broker(),
            database=self.database(service),
            metrics_host=self.metrics_host,
            metrics_port=_needed(self.metrics_port, "METRICS_PORT"),
            patience_seconds=self.worker_patience_seconds,
            stalled_seconds=self.worker_stalled_seconds,
            batch_records_max=_BATCH_RECORDS_MAX.get(service, WorkerSettings.model_fields["batch_records_max"].default),
        )


# The facts of one youth are hundreds of steps: a batch of a thousand is more than one transaction should hold.
_BATCH_RECORDS_MAX: dict[Service, int] = {"indicators": 200}


def _needed(value: T | None, name: str) -> T:
    if value is None:
        raise SettingMissing(name)
    return value


def shipped(name: str) -> Path:
    """The path of a file that the product ships: ``deploy/<name>`` in a checkout, ``youthcare/shipped/<name>``
    in an installed wheel. Raises ``FileNotFoundError`` when it is in neither."""
    package = Path(__file__).resolve().parent.parent
    for candidate in (package / "shipped" / name, package.parent / "deploy" / name):
        if candidate.exists():
            return candidate
    raise FileNotFoundError(f"no shipped file {name}")
