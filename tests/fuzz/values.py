"""Values that have made readers of messages stumble, and some that are right, so that a change can stay unnoticed."""

from tests.fuzz.entropy import Entropy

DAYS = (
    *("2024-03-04", "2024-12-31", "2024-02-29", "2023-02-29", "2024-02-30", "1900-01-01", "1899-12-31", "0001-01-01"),
    *("9999-12-31", "9999-12-30", "2199-12-31", "2200-01-01", "0000-00-00", "2024-3-4", "20240304", "2024-W10-1"),
    *(
        "2024-03-04Z",
        "2024-03-04+14:00",
        "-2024-03-04",
        "12024-03-04",
        "2024-13-01",
        "２０２４-03-04",
        "2024-03-04T00:00:00",
    ),
)
MOMENTS = (
    *("2024-03-05T10:00:00Z", "2024-03-05T10:00:00", "2024-03-05T10:00", "10:00:00", "23:59:59", "24:00:00"),
    *("23:59:60", "10:00:00.123456789", "10:00:00.", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    *("2199-12-31T23:59:59-23:59", "1900-01-01T00:00:00+23:59", "2024-03-31T02:30:00", "2024-10-27T02:30:00"),
    *("2024-03-05T10:00:00+24:00", "2024-03-05T10:00:00+99:99", "2024-03-05T25:00:00Z", "2024-03-05 10:00:00Z"),
    *("2024-03-05T10:00:00.9999999Z", "2024-03-05t10:00:00z", "2024-06-30T23:59:60Z"),
)
NUMBERS = (
    *("0", "1", "-0", "-1", "+1", "007", "667899", "99999999", "100000000", "999999999", "1000000000", "4294967296"),
    *("9223372036854775808", "1e3", "1e400", "-1e400", "1.5", "0x10", "1_000", "NaN", "Infinity", "-Infinity", "１２"),
    *("9" * 100, "9" * 4300, "9" * 4301, "1" + "0" * 5000, "0." + "3" * 3000, "1e-9999999999"),
)
NUMBERS_OF_PERSONS = (
    *("999900006", "999900018", "99990018", "000000000", "000000012", "111222333", "123456789", "999900007"),
    *(" 999900006 ", "9999 00006", "999.900.006", "9999000060", "９９９９００００６", "0999900006", "-99900006"),
)
CODES = (
    *("1", "3", "2", "9", "01", "04", "13", "20", "31", "36", "02", "11", "45", "46", "48", "49", "99", "00", "436"),
    *("0200", "0233", "0001", "9374", "00000", "a", "éé", "1 ", "rejected", "under-investigation", "keep", "change"),
    *("new", "45A04", "40A04", "45A0é", "45-04", "A" * 5, "A" * 11, "0153", "0164", "9999", "42420001", "65656055"),
    *(
        "1.0",
        "0.3",
        "application/json",
        "/0153/wijkteam-noord",
        "/0153/register",
        "urn:ijw:0153:42420001",
        "urn:ijw:0164",
    ),
    *("nl.jeugdzorg.indication.started.v1", "nl.jeugdzorg.youth.merged.v1", "nl.jeugdzorg.youth.forgotten.v1"),
    *(
        "nl.jeugdzorg.message.carried.v1",
        "nl.jeugdzorg.indication.started.v2",
        "nl.jeugdzorg",
        "7512CD",
        "7512 cd",
        "0000AA",
    ),
)
TEXTS = (
    *("", " ", "\t", "a\tb", "a\nb", "a\rb", "a b", "\u00a0", "\u200b", "\u2028", "\u0085", "\x7f", "\u202etxt.exe"),
    *(
        "null",
        "None",
        "true",
        "[]",
        "{}",
        "'; drop table statement; --",
        "%s%n",
        "${jndi:ldap://x}",
        "../../etc/passwd",
    ),
    *(
        "é",
        "e\u0301",
        "ﬀ",
        "İ",
        "ß",
        "😀",
        "𝟙𝟚",
        "\U0010ffff",
        "\ufffe",
        "\ufeff",
        "ه",
        "x" * 12,
        "x" * 13,
        "x" * 36,
        "x" * 37,
    ),
    *("x" * 200, "x" * 201, "é" * 200, "😀" * 200, "x" * 501, "x" * 5000, "a" + "\u0301" * 300),
    *("B999900006", "999-900-006", "JW305-B1-2024-03-05-1", "0153-667899", "0153-T-42420001-45-00", "42420001-VOT-1"),
)
ALL = (DAYS, MOMENTS, NUMBERS, NUMBERS_OF_PERSONS, CODES, TEXTS)


def a_text(entropy: Entropy, instead_of: str = "") -> str:
    """One of all these, more often of the kind of what it stands instead of; at times another right behind it."""
    chosen = entropy.one(_kind_of(instead_of) if entropy.once_in(2) else entropy.one(ALL))
    return chosen + entropy.one(entropy.one(ALL)) if entropy.once_in(16) else chosen


def _kind_of(text: str) -> tuple[str, ...]:
    if "-" in text or ":" in text:
        return DAYS if text[:4].isdigit() and len(text) == 10 else MOMENTS if ":" in text else TEXTS
    if text.isdigit():
        return NUMBERS_OF_PERSONS if len(text) == 9 else NUMBERS if len(text) in (3, 6) else CODES
    return CODES
