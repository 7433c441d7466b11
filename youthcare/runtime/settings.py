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
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, field_validator

from youthcare.runtime.door_settings import (
    CertificatePair,
    DoorVariables,
    HttpSettings,
    Model,
    OpenIdSettings,
    Port,
    RateSettings,
    SettingMissing,
    SettingWrong,
    TokenSettings,
    needed,
    split,
)

__all__ = [
    "BrokerSettings",
    "CertificatePair",
    "DatabaseSettings",
    "DeliverySettings",
    "HttpSettings",
    "MailSettings",
    "OpenIdSettings",
    "RateSettings",
    "Service",
    "SettingMissing",
    "SettingWrong",
    "Settings",
    "TokenSettings",
    "WorkerSettings",
    "shipped",
]

Security = Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]
Service = Literal["indication", "trajectory", "indicators", "alerts"]
MailSecurity = Literal["starttls", "tls", "plaintext"]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class BrokerSettings(Model):
    """How to reach Kafka. The default is plaintext because it is Kafka's own; production uses ssl or sasl_ssl."""

    bootstrap_servers: str
    security: Security
    ca_file: str | None
    certificate_file: str | None
    key_file: str | None
    sasl_mechanism: str | None
    username: str | None
    password: str | None = Field(repr=False)


class DatabaseSettings(Model):
    """How to reach one service's database role."""

    dsn: str = Field(repr=False)
    connections_max: int = 10
    connect_seconds: float = 5.0
    command_seconds: float = 30.0


class DeliverySettings(Model):
    """How what is told reaches a receiver that may be away; times in seconds."""

    first_pause_seconds: float
    longest_pause_seconds: float
    attempts_max: int
    timeout_seconds: float
    heartbeat_seconds: float
    keys_file: str | None
    private_networks: tuple[IPv4Network | IPv6Network, ...]


class MailSettings(Model):
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


class WorkerSettings(Model):
    """What a stream worker needs; times in seconds."""

    broker: BrokerSettings
    database: DatabaseSettings
    metrics_host: str = "127.0.0.1"
    metrics_port: Port
    pair: CertificatePair | None = None
    patience_seconds: float = 60.0
    stalled_seconds: float = 120.0
    stop_seconds: float = 20.0
    session_seconds: float = 10.0
    batch_records_max: int = 1000
    batch_within_seconds: float = 0.05


class Settings(DoorVariables):
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
    metrics_host: str = "127.0.0.1"
    metrics_port: Port | None = None
    worker_patience_seconds: Seconds = 60.0
    worker_stalled_seconds: Seconds = 120.0
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
    log_keeper_dsn: str | None = Field(default=None, repr=False)
    retention_file: str | None = None
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

    @field_validator("webhook_private_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return split(value)

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
        """How to reach Kafka; with a password only where it is known who one is and how it is told."""
        if self.kafka_security.startswith("sasl"):
            needed(self.kafka_sasl_mechanism, "KAFKA_SASL_MECHANISM")
            needed(self.kafka_username, "KAFKA_USERNAME")
            needed(self.kafka_password, "KAFKA_PASSWORD")
        return BrokerSettings(
            bootstrap_servers=needed(self.kafka_bootstrap_servers, "KAFKA_BOOTSTRAP_SERVERS"),
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
        return DatabaseSettings(dsn=needed(by_service[service], f"{service.upper()}_DSN"))

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
            sender=needed(self.mail_sender, "MAIL_SENDER"),
            inbox_url=needed(self.inbox_url, "INBOX_URL"),
            digest_at=self.digest_at,
        )

    def worker(self, service: Service) -> WorkerSettings:
        """What the stream worker of a service needs."""
        return WorkerSettings(
            broker=self.broker(),
            database=self.database(service),
            metrics_host=self.metrics_host,
            metrics_port=needed(self.metrics_port, "METRICS_PORT"),
            pair=self.pair(),
            patience_seconds=self.worker_patience_seconds,
            stalled_seconds=self.worker_stalled_seconds,
            batch_records_max=_BATCH_RECORDS_MAX.get(service, WorkerSettings.model_fields["batch_records_max"].default),
        )


# The facts of one youth are hundreds of steps: a batch of a thousand is more than one transaction should hold.
_BATCH_RECORDS_MAX: dict[Service, int] = {"indicators": 200}


def shipped(name: str) -> Path:
    """The path of a file that the product ships: ``deploy/<name>`` in a checkout, ``youthcare/shipped/<name>``
    in an installed wheel. Raises ``FileNotFoundError`` when it is in neither."""
    package = Path(__file__).resolve().parent.parent
    for candidate in (package / "shipped" / name, package.parent / "deploy" / name):
        if candidate.exists():
            return candidate
    raise FileNotFoundError(f"no shipped file {name}")
