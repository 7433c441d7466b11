"""XML that does harm to a reader that expands entities or fetches what a document names. Shared by reader and doors."""

_TENFOLD = "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)
# Ten entities, each ten times the one before: three letters become three gigabytes.
BILLION_LAUGHS = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "lol">{_TENFOLD}]><Bericht>&j;</Bericht>'.encode()
# One long entity named often: a gigabyte without any nesting, so that a limit on depth does not see it.
QUADRATIC = b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 100_000 + b'">]><Bericht>' + b"&a;" * 10_000 + b"</Bericht>"
LOCAL_FILE = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><Bericht>&f;</Bericht>'
OUTSIDE_DTD = b'<!DOCTYPE Bericht SYSTEM "http://example.org/x.dtd"><Bericht/>'
BOMBS = (BILLION_LAUGHS, QUADRATIC, LOCAL_FILE, OUTSIDE_DTD)
