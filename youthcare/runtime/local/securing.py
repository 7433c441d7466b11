"""What the secured form of a stack adds to its plain form: who proves what to whom, as settings and addresses.

Rules. Every listener speaks TLS. People and services prove who they are by a password (SCRAM) at the broker and at
PostgreSQL; the broker proves itself to its own controller by its certificate. A service is given its own passwords.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from youthcare.runtime.access_granting import MECHANISM
from youthcare.runtime.local.certificates import BROKER_NAME, Certificates
from youthcare.runtime.settings import BrokerSettings, Settings
from youthcare.runtime.topic_access import OPERATOR, USERS

SENDER = "sender"
"""A sender on `intake`, so that a local stack can be fed over Kafka."""
BROKER_USERS = (*USERS, SENDER)
_STORED = "kafka-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """The certificates of a stack, the passwords of the broker's users, and the listener that is the broker's own."""

    certificates: Certificates
    passwords: Mapping[str, str] = field(repr=False)
    internal_port: int

    @property
    def trust(self) -> ssl.SSLContext:
        """How a client of ours believes the parts of this stack."""
        return self.certificates.trust()

    def broker_environment(self, bootstrap_servers: str, user: str) -> dict[str, str]:
        """The settings by which a user finds the broker; holds a password."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
            "KAFKA_SECURITY": "sasl_ssl",
            "KAFKA_CA_FILE": str(self.certificates.authority),
            "KAFKA_SASL_MECHANISM": MECHANISM,
            "KAFKA_USERNAME": user,
            "KAFKA_PASSWORD": self.passwords[user],
        }

    def door_environment(self, service: str) -> dict[str, str]:
        """The settings by which both processes of a service show themselves over TLS."""
        certificates = self.certificates
        return {
            "HTTP_CERTIFICATE_FILE": str(certificates.certificate(service)),
            "HTTP_KEY_FILE": str(certificates.key(service)),
        }

    def operator(self, bootstrap_servers: str) -> BrokerSettings:
        """How the operator reaches the broker."""
        return Settings.from_env(self.broker_environment(bootstrap_servers, OPERATOR)).broker()

    def machine(self) -> BrokerSettings:
        """How the broker's own certificate reaches the listener that is the broker's alone."""
        certificates = self.certificates
        return Settings(
            kafka_bootstrap_servers=f"127.0.0.1:{self.internal_port}",
            kafka_security="ssl",
            kafka_ca_file=str(certificates.authority),
            kafka_certificate_file=str(certificates.certificate(BROKER_NAME)),
            kafka_key_file=str(certificates.key(BROKER_NAME)),
        ).broker()

    def guarded(self, dsn: str) -> str:
        """A database address that insists on TLS and on the server's certificate."""
        return f"{dsn}?sslmode=verify-full&sslrootcert={quote(str(self.certificates.authority), safe='/')}"


def stored_name(user: str) -> str:
    """The name under which a stack remembers the password of a user of the broker."""
    return f"{_STORED}{user}"


def security_of(certificates: Certificates, stored: Mapping[str, str], internal_port: int) -> Security:
    """The security of a stack that remembers these passwords."""
    passwords = {user: stored[stored_name(user)] for user in BROKER_USERS}
    return Security(certificates=certificates, passwords=passwords, internal_port=internal_port)
