"""The secured form of the local stack, as far as it can be seen without starting one."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from youthcare.runtime.health import health_server
from youthcare.runtime.local.broker import choose_broker
from youthcare.runtime.local.certificates import LIFETIME, NAMES, Certificates, make_certificates
from youthcare.runtime.local.process import LocalStackError
from youthcare.runtime.local.record import StackRecord, renew_record, write_record
from youthcare.runtime.local.securing import BROKER_USERS, Security
from youthcare.runtime.local.stack import start_stack
from youthcare.runtime.settings import CertificatePair, SettingWrong

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def made(tmp_path: Path) -> Certificates:
    """What a start makes."""
    return make_certificates(tmp_path / "certificates", NOW)


def test_a_certificate_serves_this_machine_for_a_while(made: Certificates) -> None:
    """Signed by the authority, for 127.0.0.1 and localhost, and over after its lifetime."""
    authority = x509.load_pem_x509_certificate(made.authority.read_bytes())
    for name in NAMES:
        found = x509.load_pem_x509_certificate(made.certificate(name).read_bytes())

        found.verify_directly_issued_by(authority)
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert list(map(str, names.get_values_for_type(x509.IPAddress))) == ["127.0.0.1"]
        assert names.get_values_for_type(x509.DNSName) == ["localhost"]
        assert found.not_valid_after_utc == NOW + LIFETIME <= NOW + timedelta(days=31)


def test_only_the_certificate_of_the_broker_is_a_client(made: Certificates) -> None:
    """At the listener that asks for one, its name is that of a super user."""
    clients = set()
    for name in NAMES:
        found = x509.load_pem_x509_certificate(made.certificate(name).read_bytes())
        if ExtendedKeyUsageOID.CLIENT_AUTH in found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value:
            clients.add(name)

    assert clients == {"broker"}


def test_no_key_can_make_another_certificate_and_none_is_open_to_others(made: Certificates) -> None:
    """The authority's own key is written nowhere; what is there, only its owner reads."""
    authority = x509.load_pem_x509_certificate(made.authority.read_bytes()).public_key()
    assert isinstance(authority, ec.EllipticCurvePublicKey)
    files = list(made.folder.iterdir())

    assert made.folder.stat().st_mode & 0o077 == 0
    assert [path.name for path in files if path.stat().st_mode & 0o077] == []
    keys = [path for path in files if b"PRIVATE KEY" in path.read_bytes()]
    assert len(keys) == len(NAMES) + 1
    for path in keys:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert key.public_key().public_numbers() != authority.public_numbers()


def test_a_start_makes_everything_anew(made: Certificates) -> None:
    """So it is also the renewal."""
    before = {path.name: path.read_bytes() for path in made.folder.iterdir()}

    make_certificates(made.folder, NOW)

    after = {path.name: path.read_bytes() for path in made.folder.iterdir()}
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] == after[name]] == []


def test_a_folder_that_was_secured_does_not_start_in_the_open(tmp_path: Path) -> None:
    """What is in it came in behind locks; that somebody forgets an option must not open it."""
    write_record(tmp_path, StackRecord(ports={}, passwords={}, database_home="", secured=True))

    with pytest.raises(LocalStackError, match="--secured"):
        start_stack(tmp_path)
    assert renew_record(tmp_path, secured=True).secured


def test_a_broker_that_cannot_be_secured_is_refused(tmp_path: Path) -> None:
    """One of others, and the stand-in: better no stack than one whose locks are painted on."""
    security = Security(
        certificates=Certificates(folder=tmp_path), passwords=dict.fromkeys(BROKER_USERS, "hidden"), internal_port=3
    )
    for environment in ({"KAFKA_BOOTSTRAP_SERVERS": "broker.example:9093"}, {"PATH": os.fspath(tmp_path)}):
        with pytest.raises(LocalStackError, match=r"not ours to secure|only Apache Kafka can be secured"):
            choose_broker(
                environment=environment,
                home=tmp_path,
                logs=tmp_path,
                ports=(1, 2),
                tied=True,
                say=lambda _: None,
                security=security,
            )


async def _no_problems() -> list[str]:
    return []


@pytest.mark.parametrize("wrong", ["another key", "no file"])
def test_a_certificate_that_cannot_be_used_ends_the_start(made: Certificates, wrong: str) -> None:
    """Before anything listens, with the names of the settings and not what stands in the files."""
    key = made.key("alerts") if wrong == "another key" else made.folder / "absent.key"
    pair = CertificatePair(certificate_file=str(made.certificate("indication")), key_file=str(key))

    with pytest.raises(SettingWrong, match=r"HTTP_CERTIFICATE_FILE, HTTP_KEY_FILE: (SSLError|FileNotFoundError)"):
        health_server("127.0.0.1", 0, _no_problems, pair)
