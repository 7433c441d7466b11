"""Settings: from the environment and from nowhere else, and nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from youthcare.runtime.settings import CertificatePair, SettingMissing, Settings, SettingWrong, shipped

ALL = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "TRAJECTORY_DSN": "postgresql://trajectory:hidden@127.0.0.1/trajectwacht",
    "METRICS_PORT": "9101",
    "HTTP_PORT": "8101",
    "JWKS_FILE": "keys/jwks.json",
    "TOKEN_ISSUER": "https://issuer.test",
    "TOKEN_AUDIENCE": "trajectwacht",
}
NEEDS: dict[str, Callable[[Settings], Any]] = {
    "KAFKA_BOOTSTRAP_SERVERS": lambda settings: settings.broker(),
    "TRAJECTORY_DSN": lambda settings: settings.database("trajectory"),
    "METRICS_PORT": lambda settings: settings.worker("trajectory"),
    "HTTP_PORT": lambda settings: settings.http(),
    "JWKS_FILE": lambda settings: settings.token(),
    "TOKEN_ISSUER": lambda settings: settings.token(),
    "TOKEN_AUDIENCE": lambda settings: settings.token(),
}


@pytest.mark.parametrize("name", NEEDS)
def test_a_missing_setting_names_itself(name: str) -> None:
    """What a process needs and does not have is told by its name; an empty variable is a missing one."""
    for environment in ({**ALL, name: ""}, {key: value for key, value in ALL.items() if key != name}):
        settings = Settings.from_env(environment)

        with pytest.raises(SettingMissing, match=name):
            NEEDS[name](settings)


def test_a_process_needs_the_settings_of_its_own_work_only() -> None:
    """A worker starts without tokens, an API without a metrics port, and neither with another's password."""
    worker = Settings.from_env({key: ALL[key] for key in ("KAFKA_BOOTSTRAP_SERVERS", "TRAJECTORY_DSN", "METRICS_PORT")})

    assert worker.worker("trajectory").metrics_port == 9101
    with pytest.raises(SettingMissing, match="INDICATION_DSN"):
        worker.database("indication")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PORT", "eighty"),
        ("METRICS_PORT", "99999"),
        ("KAFKA_SECURITY", "none"),
        ("TOKEN_ALGORITHMS", "HS256"),
        ("TOKEN_ALGORITHMS", "RS256,none"),
        ("TOKEN_ALGORITHMS", "RS256,"),
        ("WORKER_PATIENCE_SECONDS", "0"),
        ("LOG_LEVEL", "chatty"),
    ],
)
def test_a_wrong_setting_is_refused_at_once_by_name(name: str, value: str) -> None:
    """Only asymmetric algorithms exist; a wrong value stops the start, also where nothing asks for it yet."""
    with pytest.raises(SettingWrong, match=name):
        Settings.from_env({**ALL, name: value})


def test_a_wrong_secret_is_not_repeated() -> None:
    """Neither an error nor a printed settings object shows a password."""
    with pytest.raises(SettingWrong) as wrong:
        Settings.from_env({**ALL, "HTTP_PORT": "hidden-value"})

    assert "hidden-value" not in str(wrong.value)
    assert "hidden" not in repr(Settings.from_env(ALL)) + repr(Settings.from_env(ALL).worker("trajectory"))


def test_the_environment_is_a_mapping_and_nothing_else_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """`from_env` is a pure function of its argument."""
    monkeypatch.setenv("HTTP_PORT", "1")

    assert Settings.from_env(ALL).http().port == 8101
    assert Settings.from_env({}).http_port is None


def test_the_safe_defaults_are_these() -> None:
    """Loopback, plaintext (Kafka's own), RS256 and ES256, a closed OpenAPI document."""
    settings = Settings.from_env(ALL)

    assert settings.http().host == "127.0.0.1"
    assert settings.broker().security == "plaintext"
    assert settings.token().algorithms == ("RS256", "ES256")
    assert not settings.http().open_documentation


AT_ISSUER = {
    "TOKEN_ISSUER": "https://issuer.test",
    "OIDC_ISSUER": "https://issuer.test",
    "OIDC_CLIENT_ID": "inbox",
    "OIDC_REDIRECT_URL": "https://inbox.test/aanmelden/terug",
}


def test_without_an_issuer_people_paste_a_token_and_with_one_its_keys_are_found() -> None:
    """`OIDC_ISSUER` alone decides; with it no other setting need name the keys."""
    named = {name: value for name, value in {**ALL, **AT_ISSUER}.items() if not name.startswith("JWKS_")}

    assert Settings.from_env(ALL).openid() is None
    assert (Settings.from_env(named).openid() or pytest.fail("no issuer")).scope == "openid"
    assert Settings.from_env(named).token().jwks_url is None


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"OIDC_ISSUER": "https://other.test"}, "OIDC_ISSUER"),
        ({"OIDC_ISSUER": "http://issuer.test", "TOKEN_ISSUER": "http://issuer.test"}, "OIDC_ISSUER"),
        ({"OIDC_REDIRECT_URL": "http://inbox.test/aanmelden/terug"}, "OIDC_REDIRECT_URL"),
        ({"OIDC_REDIRECT_URL": "https://inbox.test/elsewhere"}, "OIDC_REDIRECT_URL"),
        ({"OIDC_REDIRECT_URL": "/aanmelden/terug"}, "OIDC_REDIRECT_URL"),
        ({"OIDC_SCOPE": "profile"}, "OIDC_SCOPE"),
    ],
)
def test_an_issuer_that_could_be_listened_to_or_is_another_is_refused(changed: dict[str, str], named: str) -> None:
    """Plain HTTP is for this machine alone, and the tokens of sign-in are those that the gate believes."""
    with pytest.raises(SettingWrong) as wrong:
        Settings.from_env({**ALL, **AT_ISSUER, **changed}).openid()

    assert str(wrong.value).startswith(named)
    assert not [value for value in changed.values() if value in str(wrong.value) and value != "/aanmelden/terug"]


def test_an_issuer_on_this_machine_may_be_plain_http() -> None:
    """For tests and trials."""
    here = {"TOKEN_ISSUER": "http://localhost:1", "OIDC_ISSUER": "http://localhost:1"}
    back = {"OIDC_REDIRECT_URL": "http://127.0.0.1:2/aanmelden/terug"}

    assert Settings.from_env({**ALL, **AT_ISSUER, **here, **back}).openid() is not None


def test_settings_cannot_be_changed() -> None:
    """Read once, passed down, never altered."""
    settings = Settings.from_env(ALL)

    with pytest.raises(ValueError, match="frozen"):
        settings.http_port = 1  # type: ignore[misc]


def test_a_file_that_is_not_shipped_is_not_found() -> None:
    """`shipped` never guesses."""
    with pytest.raises(FileNotFoundError, match=r"nothing\.yml"):
        shipped("nothing.yml")


def test_a_certificate_needs_its_key_and_a_key_its_certificate() -> None:
    """One of the two alone is a mistake, and not a door in the open."""
    both = {**ALL, "HTTP_CERTIFICATE_FILE": "own.pem", "HTTP_KEY_FILE": "own.key"}
    found = Settings.from_env(both)
    wanted = CertificatePair(certificate_file="own.pem", key_file="own.key")

    assert found.http().pair == found.worker("trajectory").pair == wanted
    assert Settings.from_env(ALL).http().pair is None
    for missing in ("HTTP_CERTIFICATE_FILE", "HTTP_KEY_FILE"):
        one = Settings.from_env({**both, missing: ""})
        for ask in (one.http, lambda one=one: one.worker("trajectory")):
            with pytest.raises(SettingMissing, match=missing):
                ask()


@pytest.mark.parametrize("missing", ["KAFKA_SASL_MECHANISM", "KAFKA_USERNAME", "KAFKA_PASSWORD"])
def test_a_password_at_the_broker_needs_its_user_and_how_it_is_told(missing: str) -> None:
    """Else a client falls back to another way of proving who it is, and fails far from the cause."""
    given = {"KAFKA_SASL_MECHANISM": "SCRAM-SHA-512", "KAFKA_USERNAME": "alerts", "KAFKA_PASSWORD": "hidden"}
    settings = Settings.from_env({**ALL, "KAFKA_SECURITY": "sasl_ssl", **given, missing: ""})

    with pytest.raises(SettingMissing, match=missing):
        settings.broker()
    assert "hidden" not in repr(settings)
