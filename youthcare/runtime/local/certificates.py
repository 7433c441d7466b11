"""A certificate authority for one stack, and what it vouches for: made at each start, for as long as a stack lives.

1. The key of the authority is never written: after a start nobody can make another certificate that is believed.
2. A certificate serves on this machine alone (127.0.0.1, localhost); the broker's own also lets it in as a client,
   which is how the broker, its controller and the making of its users prove who they are.
3. Keys can be read by their owner alone; no command has one among its arguments.
"""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from youthcare.runtime.local.private_files import write_private
from youthcare.runtime.local.services import SERVICES

BROKER_NAME, DATABASE_NAME, MONITORING_NAME = "broker", "database", "monitoring"
NAMES = (BROKER_NAME, DATABASE_NAME, MONITORING_NAME, *SERVICES)
LIFETIME = timedelta(days=30)
# A machine whose clock is set back a little still believes what was just made.
_SLACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Where the certificates of a stack stand."""

    folder: Path

    @property
    def authority(self) -> Path:
        """Who vouches for all of them: what a client is told to believe."""
        return self.folder / "authority.pem"

    def certificate(self, name: str) -> Path:
        """The certificate of a part or a service."""
        return self.folder / f"{name}.pem"

    def key(self, name: str) -> Path:
        """Its key."""
        return self.folder / f"{name}.key"

    def both(self, name: str) -> Path:
        """Key and certificate in one file, as Kafka wants them."""
        return self.folder / f"{name}-both.pem"

    def trust(self) -> ssl.SSLContext:
        """How a client of ours believes them, and nobody else."""
        context = ssl.create_default_context(cafile=self.authority)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


@dataclass(frozen=True, slots=True, kw_only=True)
class _Authority:
    key: ec.EllipticCurvePrivateKey
    name: x509.Name
    until: datetime


def make_certificates(folder: Path, now: datetime, lifetime: timedelta = LIFETIME) -> Certificates:
    """Make an authority and all certificates anew; who had the old ones has to be started again."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = Certificates(folder=folder)
    moment = now.astimezone(UTC)
    authority = _Authority(
        key=ec.generate_private_key(ec.SECP256R1()), name=_name("trajectwacht local"), until=moment + lifetime
    )
    for name in NAMES:
        _write_pair(made, name, authority, moment)
    write_private(made.authority, _pem(_vouched_for_itself(authority, moment)))
    return made


def _write_pair(made: Certificates, name: str, authority: _Authority, moment: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _pem(_vouched_for(name, key.public_key(), authority, moment))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    write_private(made.key(name), private)
    write_private(made.certificate(name), certificate)
    if name == BROKER_NAME:
        write_private(made.both(name), private + certificate)


def _vouched_for(
    name: str, key: ec.EllipticCurvePublicKey, authority: _Authority, moment: datetime
) -> x509.Certificate:
    here = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    usages = [ExtendedKeyUsageOID.SERVER_AUTH]
    usages += [ExtendedKeyUsageOID.CLIENT_AUTH] if name == BROKER_NAME else []
    return (
        _draft(_name(name), authority, moment)
        .public_key(key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(here, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
    )


def _vouched_for_itself(authority: _Authority, moment: datetime) -> x509.Certificate:
    return (
        _draft(authority.name, authority, moment)
        .public_key(authority.key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_signs_certificates(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority.key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
    )


def _draft(name: x509.Name, authority: _Authority, moment: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(authority.name)
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - _SLACK)
        .not_valid_after(authority.until)
    )


def _signs_certificates() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
