"""Which tokens count, and what they allow."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.tokens import AUDIENCE, Issuer
from youthcare.runtime.local_issuer import AUDIENCE as LOCAL_AUDIENCE
from youthcare.runtime.local_issuer import ISSUER as LOCAL_ISSUER
from youthcare.runtime.local_issuer import KEY_FILE, local_issuer
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.security import (
    LEEWAY_SECONDS,
    REFETCH_SECONDS,
    KeySet,
    Principal,
    TokenGate,
    Unauthorised,
    key_set,
    public_keys,
    token_gate,
)
from youthcare.runtime.settings import Settings


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def gate(issuer: Issuer, tmp_path: Path) -> TokenGate:
    return token_gate(issuer.settings(tmp_path))


def segment(value: dict[str, Any]) -> str:
    """One part of a token as it travels."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def hs256(issuer: Issuer, secret: bytes, key_id: str) -> str:
    """A token signed with a shared secret, whatever that secret is."""
    head = segment({"alg": "HS256", "typ": "JWT", "kid": key_id})
    signed = f"{head}.{segment(issuer.claims(roles=['supervisor']))}"
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


@pytest.mark.parametrize("key", ["ec", "rsa"])
def test_a_good_token_gives_its_principal(issuer: Issuer, gate: TokenGate, key: str) -> None:
    """RS256 and ES256 both count; the principal is what the claims say."""
    token = issuer.token(key=key, roles=["team:noord", "supervisor"])

    admitted = gate.admit(f"Bearer {token}")

    assert admitted == Principal(subject="someone", municipality="0153", roles=frozenset({"team:noord", "supervisor"}))


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "abc"])
def test_without_a_bearer_token_nobody_comes_in(gate: TokenGate, header: str | None) -> None:
    """RFC 6750 §3: without credentials the challenge carries no error code."""
    with pytest.raises(Unauthorised) as refused:
        gate.admit(header)

    assert refused.value.headers == {"WWW-Authenticate": "Bearer"}


NOW = int(time.time())
BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "somewhere-else"},
    "another issuer": {"iss": "https://elsewhere.test"},
    "expired": {"exp": NOW - 60},
    "not yet valid": {"nbf": NOW + 600},
    "issued in the future": {"iat": NOW + 600},
    "without an end": {"exp": None},
    "without a begin": {"nbf": None},
    "without a time of issue": {"iat": None},
    "without an issuer": {"iss": None},
    "without an audience": {"aud": None},
    "without a municipality": {"municipality": None},
    "a municipality of three digits": {"municipality": "153"},
    "a municipality of five digits": {"municipality": "01530"},
    "the workers' wildcard": {"municipality": "*"},
    "a municipality with a line end": {"municipality": "0153\n"},
    "digits of another script": {"municipality": "٠١٥٣"},
    "a number as municipality": {"municipality": 1530},
    "a list of municipalities": {"municipality": ["0153"]},
    "roles as text": {"roles": "supervisor"},
}


@pytest.mark.parametrize("changed", BAD_CLAIMS.values(), ids=BAD_CLAIMS.keys())
def test_a_token_with_a_bad_claim_does_not_count(issuer: Issuer, gate: TokenGate, changed: dict[str, Any]) -> None:
    """Issuer, audience, times and municipality are each required and each checked."""
    with pytest.raises(Unauthorised) as refused:
        gate.admit(f"Bearer {issuer.token(**changed)}")

    assert refused.value.headers == {"WWW-Authenticate": 'Bearer error="invalid_token"'}


@pytest.mark.parametrize(
    ("changed", "counts"),
    [
        ({"exp": -LEEWAY_SECONDS + 4}, True),
        ({"exp": -LEEWAY_SECONDS - 2}, False),
        ({"nbf": LEEWAY_SECONDS - 4}, True),
        ({"nbf": LEEWAY_SECONDS + 4}, False),
        ({"iat": LEEWAY_SECONDS + 4}, False),
    ],
)
def test_clocks_may_differ_by_ten_seconds_and_no_more(
    issuer: Issuer, gate: TokenGate, changed: dict[str, int], counts: bool
) -> None:
    """The leeway is bounded on both sides, and the same for the begin and the end of a token."""
    claims: dict[str, Any] = {name: int(time.time()) + seconds for name, seconds in changed.items()}
    token = issuer.token(**claims)

    try:
        gate.admit(f"Bearer {token}")
        admitted = True
    except Unauthorised:
        admitted = False

    assert admitted is counts


def test_a_token_without_roles_is_somebody_who_may_nothing(issuer: Issuer, gate: TokenGate) -> None:
    """Default deny begins with nothing."""
    admitted = gate.admit(f"Bearer {issuer.token(roles=None)}")

    assert admitted.roles == frozenset()
    assert not (admitted.is_supervisor() or admitted.is_privacy_officer() or admitted.teams() or admitted.sources())


def test_nobody_is_of_the_team_of_those_without_one(issuer: Issuer, gate: TokenGate) -> None:
    """What has no team is the supervisor's alone, whatever an issuer writes into a token."""
    admitted = gate.admit(f"Bearer {issuer.token(roles=['team:unknown', 'team:noord'])}")

    assert admitted.teams() == {"noord"}
    assert not admitted.may_see_team("unknown")


def test_a_token_that_asks_to_be_understood_further_does_not_count(issuer: Issuer, gate: TokenGate) -> None:
    """RFC 7515 §4.1.11: an extension marked critical and not known refuses the token."""
    with pytest.raises(Unauthorised):
        gate.admit(f"Bearer {issuer.token(headers={'crit': ['exp'], 'exp': 1})}")


def test_a_key_beside_a_token_is_not_looked_at(issuer: Issuer, gate: TokenGate) -> None:
    """RFC 8725 §3.10: `jwk` and `jku` in the header come from whoever made the token."""
    stranger = json.loads(Issuer(published=("stranger",)).jwks())["keys"][0]
    headers = {"kid": "ec", "jwk": stranger, "jku": "https://elsewhere.test/keys"}

    with pytest.raises(Unauthorised):
        gate.admit(f"Bearer {issuer.token(key='stranger', headers=headers)}")


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"keys": 1}', b'{"keys": [1]}', b"\xff", b'{"keys": []}'])
def test_a_key_set_that_cannot_be_read_is_an_outage_and_opens_nothing(document: bytes) -> None:
    """What the issuer spoils is no fault of the bearer, and no error of ours."""
    with pytest.raises(Unavailable):
        KeySet(lambda: document).find("ec")


def test_a_key_file_that_is_gone_is_an_outage(issuer: Issuer, tmp_path: Path) -> None:
    """The file may be replaced while we run."""
    settings = issuer.settings(tmp_path)
    (tmp_path / "jwks.json").unlink()

    with pytest.raises(Unavailable):
        token_gate(settings).admit(f"Bearer {issuer.token()}")


def test_an_unsigned_token_does_not_count(issuer: Issuer, gate: TokenGate) -> None:
    """`alg: none` is never among the algorithms, whatever the token says."""
    token = f"{segment({'alg': 'none', 'kid': 'ec'})}.{segment(issuer.claims(roles=['supervisor']))}."

    with pytest.raises(Unauthorised):
        gate.admit(f"Bearer {token}")


def test_a_token_signed_with_the_public_key_as_a_secret_does_not_count(issuer: Issuer, gate: TokenGate) -> None:
    """Key confusion: an HMAC over the published key proves nothing."""
    token = hs256(issuer, issuer.rsa_public_pem(), "rsa")

    with pytest.raises(Unauthorised):
        gate.admit(f"Bearer {token}")


def test_a_symmetric_key_in_the_key_set_is_no_key(issuer: Issuer) -> None:
    """A key set that holds a shared secret by mistake opens nothing."""
    document = json.loads(issuer.jwks())
    document["keys"].append({"kty": "oct", "kid": "shared", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTE"})

    assert set(public_keys(json.dumps(document).encode())) == {"ec", "rsa"}


def test_a_key_for_encryption_signs_nothing(issuer: Issuer) -> None:
    """RFC 7517 §4.2: the use of a key binds."""
    document = json.loads(issuer.jwks())
    document["keys"][0]["use"] = "enc"

    assert set(public_keys(json.dumps(document).encode())) == {"rsa"}


def test_a_token_of_an_unknown_key_does_not_count(issuer: Issuer, gate: TokenGate) -> None:
    """A signature that is right under a key nobody published proves nothing, nor does a borrowed key id."""
    for token in (issuer.token(key="stranger"), issuer.token(key="stranger", headers={"kid": "ec"})):
        with pytest.raises(Unauthorised):
            gate.admit(f"Bearer {token}")


def test_a_token_with_a_changed_claim_does_not_count(issuer: Issuer, gate: TokenGate) -> None:
    """The signature covers the claims."""
    head, _body, signature = issuer.token().split(".")

    with pytest.raises(Unauthorised):
        gate.admit(f"Bearer {head}.{segment(issuer.claims(roles=['supervisor']))}.{signature}")


def test_an_algorithm_outside_the_settings_does_not_count(issuer: Issuer, tmp_path: Path) -> None:
    """The algorithms come from the settings, never from the token."""
    settings = issuer.settings(tmp_path).model_copy(update={"algorithms": ("RS256",)})

    with pytest.raises(Unauthorised):
        token_gate(settings).admit(f"Bearer {issuer.token(key='ec')}")


@pytest.mark.parametrize("garbage", ["a.b.c", "....", "x" * 9000, "é", "eyJhbGciOiJFUzI1NiJ9.e30."])
def test_garbage_is_refused_like_any_bad_token(gate: TokenGate, garbage: str) -> None:
    """Whatever comes, the answer is the same 401 and no other error escapes."""
    with pytest.raises(Unauthorised):
        gate.admit(f"Bearer {garbage}")


def test_an_unknown_key_id_makes_us_look_again_but_not_too_often(issuer: Issuer) -> None:
    """A key change of the issuer is picked up; a flood of unknown key ids does not become a flood of requests."""
    now = [0.0]
    issuer.published = ("rsa",)
    keys = KeySet(issuer.jwks, clock=lambda: now[0])
    assert keys.find("rsa") is not None
    issuer.published = ("rsa", "ec")

    assert [keys.find("ec") for _ in range(50)] == [None] * 50
    now[0] = REFETCH_SECONDS

    assert keys.find("ec") is not None
    assert issuer.fetches == 2


def test_known_keys_go_on_counting_while_the_issuer_is_away(issuer: Issuer) -> None:
    """An outage of the issuer is `Unavailable` for strangers only."""
    now = [0.0]
    away: list[bool] = []

    def fetch() -> bytes:
        if away:
            raise Unavailable("away")
        return issuer.jwks()

    keys = KeySet(fetch, clock=lambda: now[0])
    assert keys.find("ec") is not None
    away.append(True)
    now[0] = REFETCH_SECONDS

    with pytest.raises(Unavailable):
        keys.find("stranger")
    assert keys.find("ec") is not None


def test_a_key_set_that_cannot_be_fetched_is_unavailable(issuer: Issuer, tmp_path: Path) -> None:
    """An address where nothing listens is an outage, not a bad token."""
    settings = issuer.settings(tmp_path).model_copy(
        update={"jwks_file": None, "jwks_url": "http://127.0.0.1:9/jwks.json"}
    )

    with pytest.raises(Unavailable):
        key_set(settings).find("ec")


def test_the_key_set_is_fetched_from_its_address(
    issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JWKS_URL is used when there is no JWKS_FILE."""

    def get(url: str, **_options: object) -> httpx.Response:
        return httpx.Response(200, content=issuer.jwks(), request=httpx.Request("GET", url))

    monkeypatch.setattr(httpx, "get", get)
    settings = issuer.settings(tmp_path).model_copy(update={"jwks_file": None, "jwks_url": "https://issuer.test/k"})

    assert token_gate(settings).admit(f"Bearer {issuer.token()}").municipality == "0153"


def test_a_role_of_another_form_gives_nothing() -> None:
    """Unknown roles are dropped, so a new kind of role never means more than was meant."""
    issuer = Issuer()
    gate = TokenGate(settings=_settings(), keys=KeySet(issuer.jwks))

    admitted = gate.admit(f"Bearer {issuer.token(roles=['admin', 'team:', 'Supervisor', 7, 'team:noord'])}")

    assert admitted.roles == frozenset({"team:noord"})


def _settings() -> Any:
    environment = {"JWKS_FILE": "unused", "TOKEN_ISSUER": "https://issuer.test", "TOKEN_AUDIENCE": AUDIENCE}
    return Settings.from_env(environment).token()


def test_a_sender_states_for_its_own_sources_only() -> None:
    """Role `sender:<source>` (design.md §6)."""
    sender = Principal(
        subject="s", municipality="0153", roles=frozenset({"sender:/0153/wijkteam-noord", "sender:urn:ijw:0153:9"})
    )

    assert sender.may_send_for("/0153/wijkteam-noord")
    assert sender.may_send_for("urn:ijw:0153:9")
    assert not sender.may_send_for("/0153/wijkteam-zuid")
    assert not sender.may_see_team("noord")


def test_a_team_sees_its_own_and_a_supervisor_sees_all() -> None:
    """A youth without a known team is the supervisor's alone."""
    team = Principal(subject="t", municipality="0153", roles=frozenset({"team:noord"}))
    supervisor = Principal(subject="s", municipality="0153", roles=frozenset({"supervisor"}))

    assert [team.may_see_team(each) for each in ("noord", "zuid", None)] == [True, False, False]
    assert [supervisor.may_see_team(each) for each in ("noord", "zuid", None)] == [True, True, True]
    assert not supervisor.is_privacy_officer()


def test_the_local_issuer_keeps_its_key_and_its_tokens_count(tmp_path: Path) -> None:
    """Local runs make their own key, readable by its owner alone, and print tokens of it."""
    first, again = local_issuer(tmp_path / "keys"), local_issuer(tmp_path / "keys")
    token = first.token("0153", ["supervisor"], datetime.now(UTC), timedelta(minutes=5))

    gate = token_gate(Settings.from_env(again.environment()).token())

    assert gate.admit(f"Bearer {token}").is_supervisor()
    assert (tmp_path / "keys" / KEY_FILE).stat().st_mode & 0o077 == 0
    assert again.environment()["TOKEN_ISSUER"] == LOCAL_ISSUER
    assert again.environment()["TOKEN_AUDIENCE"] == LOCAL_AUDIENCE
    assert "PRIVATE" not in (tmp_path / "keys" / "jwks.json").read_text()
    assert '"d"' not in (tmp_path / "keys" / "jwks.json").read_text()
