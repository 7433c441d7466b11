"""Delivery as such: when it is tried again, how it is signed, where it may lead, what the mail says, where one was."""

import base64
import hmac
from datetime import UTC, date, datetime, time
from hashlib import sha256
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.delivery import Schedule, event_id
from services.alerts.digest import Digest, day_of, message
from services.alerts.position import (
    NUMBER_MAX,
    frame_of_position,
    framed,
    position_of,
    position_text,
    started,
)
from services.alerts.webhooks import find_fault, headers, key_of, may_be_called, secret_text, signature

SCHEDULE = Schedule(first_pause=5, longest_pause=3600, attempts_max=100)


def test_pauses_double_up_to_the_longest() -> None:
    """Without chance a pause is half of what it may be at most."""
    pauses = [SCHEDULE.pause(failures, 0.0) for failures in (1, 2, 3, 10, 11, 99)]

    assert pauses == [2.5, 5, 10, 1280, 1800, 1800]


def test_chance_moves_a_pause_between_its_half_and_its_whole() -> None:
    """Receivers that fell together are not tried together."""
    assert [SCHEDULE.pause(1, chance) for chance in (0.0, 0.5, 0.9)] == [2.5, 3.75, 4.75]


def test_the_last_failure_allowed_is_the_last() -> None:
    """After it nothing is tried by itself."""
    assert SCHEDULE.pause(99, 0.5) is not None
    assert [SCHEDULE.pause(failures, 0.5) for failures in (100, 101)] == [None, None]


@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True))
def test_a_pause_is_never_nothing_and_never_too_long(failures: int, chance: float) -> None:
    """However long a receiver is away."""
    pause = Schedule(first_pause=0.1, longest_pause=60, attempts_max=10**7).pause(failures, chance)

    assert pause is not None
    assert 0.05 <= pause <= 60


def test_the_four_days_of_the_settings() -> None:
    """The standard settings go on trying for about four days, which outlasts a weekend."""
    seconds = sum(SCHEDULE.pause(failures, 0.5) or 0 for failures in range(1, 100))

    assert 2.5 < seconds / 86_400 < 4.5


def test_the_signature_is_that_of_the_standard() -> None:
    """The example that Standard Webhooks publishes."""
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(min_size=24, max_size=64), st.binary(), st.integers(0, 2**33))
def test_a_receiver_can_check_what_it_was_sent(key: bytes, body: bytes, timestamp: int) -> None:
    """With nothing but the secret it was shown, the headers and the body."""
    sent = headers(key, "0153/supervisor/1", timestamp, body)

    secret = base64.b64decode(secret_text(key).removeprefix("whsec_"))
    text = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(secret, text, sha256).digest()).decode()
    assert sent["webhook-signature"] == f"v1,{expected}"
    assert sent["idempotency-key"] == sent["webhook-id"]


@given(st.text(min_size=1), st.text(min_size=1), st.integers(1, NUMBER_MAX))
def test_an_identity_fits_a_header_and_the_signed_text(one: str, other: str, number: int) -> None:
    """Visible ASCII without a full stop, and another for another receiver."""
    first, second = event_id("0153", f"team:{one}", number), event_id("0153", f"team:{other}", number)

    assert first.isascii()
    assert first.isprintable()
    assert not {".", " "} & set(first)
    assert (first == second) == (one == other)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.nl/hook?a=1",
        "https://example.nl:8443/",
        "http://127.0.0.1:8080/hook",
        "http://localhost/hook",
        "http://[::1]:9/",
    ],
)
def test_an_address_of_a_webhook(url: str) -> None:
    """TLS everywhere, but on the machine itself."""
    assert find_fault(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://example.nl/",
        "http://localhost.example.nl/",
        "ftp://example.nl/",
        "https:///nobody",
        "https://user@example.nl/",
        "https://user:word@example.nl/",
        "https://example.nl/#part",
        "https://example.nl:99999/",
        "https://[::1/",
        "https://exämple.nl/",
        "https://example.nl/a b",
        "https://example.nl/\r\nx: y",
        "https://example.nl/" + "a" * 2000,
        "",
    ],
)
def test_what_is_no_address_of_a_webhook(url: str) -> None:
    """Refused when it is entered, with words for who enters it."""
    assert find_fault(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",  # noqa: S104
        "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1",
        "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_a_webhook_leads_to_no_machine_of_the_house(address: str) -> None:
    """Whatever form such an address is written in."""
    assert not may_be_called(ip_address(address), ())


@pytest.mark.parametrize("address", ["93.184.215.14", "2a00:1450:400e:80f::200e", "64:ff9b::5db8:d70e"])
def test_a_webhook_leads_to_the_internet(address: str) -> None:
    """Addresses that anybody may reach."""
    assert may_be_called(ip_address(address), ())


def test_a_network_of_the_house_can_be_opened() -> None:
    """That one and no other."""
    opened = (ip_network("10.20.0.0/16"), ip_network("fd00::/64"))

    allowed = [may_be_called(ip_address(each), opened) for each in ("10.20.3.4", "::ffff:10.20.3.4", "fd00::5")]

    assert allowed == [True, True, True]
    assert not may_be_called(ip_address("10.21.0.1"), opened)


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2024, 1, 15, 6, 29, tzinfo=UTC), None),
        (datetime(2024, 1, 15, 6, 30, tzinfo=UTC), date(2024, 1, 15)),
        (datetime(2024, 7, 15, 5, 29, tzinfo=UTC), None),
        (datetime(2024, 7, 15, 5, 30, tzinfo=UTC), date(2024, 7, 15)),
        (datetime(2024, 7, 15, 21, 59, tzinfo=UTC), date(2024, 7, 15)),
        (datetime(2024, 7, 15, 22, 1, tzinfo=UTC), None),
    ],
)
def test_the_mail_of_the_day_is_due_by_the_clock_of_amsterdam(now: datetime, day: date | None) -> None:
    """From the time of the settings until midnight, in summer and in winter."""
    assert day_of(now, time(7, 30)) == day


DIGEST = Digest(municipality="0153", team="noord", day=date(2024, 7, 15), address="noord@example.nl", alerts=3)


def test_the_mail_says_how_many_and_where_and_nothing_else() -> None:
    """No team, no child, no rule: who reads along learns nothing of anybody (domain.md §8)."""
    made = message(
        DIGEST,
        sender="meldingen@example.nl",
        inbox="https://meldingen.example.nl/",
        now=datetime(2024, 7, 15, tzinfo=UTC),
    )

    text = made.get_content()
    assert made["Subject"] == "Er zijn nieuwe meldingen"
    assert made["To"] == "noord@example.nl"
    assert "Er zijn 3 nieuwe meldingen voor uw team." in text
    assert "https://meldingen.example.nl/" in text
    assert "0153" not in made.as_string().replace(made["Message-ID"], "")
    assert "team:noord" not in made.as_string()


def test_one_alert_is_told_as_one() -> None:
    """Dutch has a singular."""
    one = Digest(municipality="0153", team="noord", day=date(2024, 7, 15), address="noord@example.nl", alerts=1)

    made = message(one, sender="m@example.nl", inbox="https://x.example.nl/", now=datetime(2024, 7, 15, tzinfo=UTC))

    assert "Er is 1 nieuwe melding voor uw team." in made.get_content()


def test_the_same_mail_has_the_same_identity_whenever_it_is_sent() -> None:
    """A mail server, or who reads, can tell a mail that came twice."""
    times = (datetime(2024, 7, 15, 6, tzinfo=UTC), datetime(2024, 7, 15, 9, tzinfo=UTC))
    later = Digest(municipality="0153", team="noord", day=date(2024, 7, 16), address="noord@example.nl", alerts=3)

    found = {message(DIGEST, sender="m@example.nl", inbox="https://x.nl/", now=now)["Message-ID"] for now in times}

    assert len(found) == 1
    assert later.identity != DIGEST.identity


RECEIVERS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@given(st.dictionaries(RECEIVERS, st.integers(0, NUMBER_MAX), min_size=1))
def test_a_position_is_read_as_it_was_written(position: dict[str, int]) -> None:
    """Whatever the names of teams; one line of visible ASCII, as a header needs it."""
    text = position_text(position)

    assert position_of(text) == position
    assert text.isascii()
    assert text.isprintable()


@pytest.mark.parametrize(
    "text",
    ["a", "a=", "a=-1", "a=1.5", "a=1&a=2", "a=٣", f"a={NUMBER_MAX + 1}", "a=" + "0" * 5000, "&".join("a=1" * 300)],
)
def test_what_is_no_position_is_refused(text: str) -> None:
    """It comes from a client, so it may be anything."""
    with pytest.raises(ValueError, match=r"."):
        position_of(text)


def test_a_listener_begins_where_it_was_else_at_the_end() -> None:
    """A new team begins now; numbers beyond the last were lost with a database and come again."""
    found = started(
        {"supervisor": 3, "team:noord": 90, "team:gone": 4}, {"supervisor": 7, "team:noord": 8, "team:west": 5}
    )

    assert found == {"supervisor": 3, "team:noord": 8, "team:west": 5}


def test_an_event_stands_on_the_stream_with_its_position() -> None:
    """Three lines and an empty one; a position alone has no data, so no event is seen."""
    assert framed({"team:noord": 7}, b'{"a":1}') == b'id: team%3Anoord=7\nevent: alert\ndata: {"a":1}\n\n'
    assert frame_of_position({"supervisor": 0}) == b"id: supervisor=0\n\n"
