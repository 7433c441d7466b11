"""iJw 3.2 messages as bytes, one function per message, every field with a readable default.

Rules: what a builder writes is valid against the official schemas unless a caller asks otherwise; each carries what
must never pass the door (a name, a street, a comment), so that every test also guards that. Days are text.
"""

from base64 import b64encode
from collections.abc import Sequence

MUNICIPALITY = "0153"
PROVIDER = "42420001"
OTHER_PROVIDER = "65656055"
BSN = "999900006"
OTHER_BSN = "999900018"
BIRTH_DATE = "2012-04-17"
DATED = "2024-03-05"
POSTCODE = "7512CD"
SECRETS = ("Achternaamgeheim", "Voornaamgeheim", "Geheimestraat", "Commentaargeheim", "Verwijzergeheim", "0612345678")

BASE = "http://www.istandaarden.nl/ijw/3_2/basisschema/schema"
CODES = {
    "JW301": "436",
    "JW302": "437",
    "JW305": "438",
    "JW306": "439",
    "JW307": "440",
    "JW308": "441",
    "JW315": "446",
    "JW316": "447",
    "JW317": "486",
    "JW318": "487",
    "JW319": "488",
    "JW320": "489",
}
BY_MUNICIPALITY = frozenset({"JW301", "JW302", "JW319", "JW320"})
RETURN_OF = {
    "JW301": "JW302",
    "JW305": "JW306",
    "JW307": "JW308",
    "JW315": "JW316",
    "JW317": "JW318",
    "JW319": "JW320",
}


def tag(name: str, content: object | None) -> str:
    """An element of the message; nothing when there is no content."""
    return "" if content is None else f"<{name}>{content}</{name}>"


def base(name: str, content: object | None) -> str:
    """An element of the basic schema."""
    return tag(f"ijw:{name}", content)


def bericht(kind: str, body: str, header: str) -> bytes:
    """The whole message of a kind."""
    space = f"http://www.istandaarden.nl/ijw/3_2/{kind.lower()}/schema"
    content = f'<Bericht xmlns="{space}" xmlns:ijw="{BASE}">{header}{body}</Bericht>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{content}\n'.encode()


def header(
    kind: str,
    identification: str = "B1",
    dated: str = DATED,
    municipality: str = MUNICIPALITY,
    provider: str = PROVIDER,
    extra: str = "",
) -> str:
    """The header; of a return too, which copies sender and receiver of what it answers."""
    parties = (municipality, provider) if kind in BY_MUNICIPALITY else (provider, municipality)
    versions = base("BasisschemaXsdVersie", "1.0.0") + base("BerichtXsdVersie", "1.0.0")
    identified = base("Identificatie", identification) + base("Dagtekening", dated)
    return tag(
        "Header",
        tag("BerichtCode", CODES[kind])
        + tag("BerichtVersie", 3)
        + tag("BerichtSubversie", 2)
        + tag("Afzender", parties[0])
        + tag("Ontvanger", parties[1])
        + tag("BerichtIdentificatie", identified)
        + tag("XsdVersie", versions)
        + extra,
    )


def product_of(product: str | None) -> str:
    """`45A04` is category and code, `45` a category alone, None no product."""
    if product is None:
        return ""
    code = product if len(product) > 2 else None
    return tag("Product", base("Categorie", product[:2]) + base("Code", code))


def volume_of(volume: tuple[int, str, str] | None) -> str:
    """Amount, unit and frequency."""
    if volume is None:
        return ""
    amount, unit, frequency = volume
    return tag("Omvang", base("Volume", amount) + base("Eenheid", unit) + base("Frequentie", frequency))


def person(bsn: str, birth_date: str, date_use: str | None, *, full: bool = False) -> str:
    """What begins a client: BSN, birth date, sex and a name that must not pass the door."""
    name = base("Geslachtsnaam", base("Achternaam", SECRETS[0])) + base("Voornamen", SECRETS[1])
    return (
        tag("Bsn", bsn)
        + tag("Geboortedatum", base("Datum", birth_date) + base("DatumGebruik", date_use))
        + tag("Geslacht", 0)
        + tag("Naam", name + (base("NaamGebruik", 1) if full else ""))
    )


def address(
    postcode: str | None = POSTCODE, kind: str = "01", first_day: str | None = None, last_day: str | None = None
) -> str:
    """A contact with its address and period."""
    place = base("Postcode", postcode) + base("Straatnaam", SECRETS[2]) + base("Plaatsnaam", "Enschede")
    phone = base("Telefoon01", base("Telefoonnummer", SECRETS[5]) + base("Landnummer", "31"))
    period = base("Begindatum", first_day) + base("Einddatum", last_day)
    return tag(
        "Contact",
        tag("Soort", kind) + tag("Adres", place) + tag("Telefoon", phone) + tag("Periode", period or None),
    )


def granted_product(
    number: object = 667899,
    *,
    reference: str | None = None,
    product: str | None = "45A04",
    granted_on: str = "2024-03-01",
    granted_time: str = "10:00:00",
    first_day: str = "2024-03-04",
    last_day: str | None = "2024-12-31",
    change_reason: str | None = None,
    volume: tuple[int, str, str] | None = (600, "01", "4"),
    budget: int | None = None,
) -> str:
    """A ToegewezenProduct."""
    return tag(
        "ToegewezenProduct",
        tag("ToewijzingNummer", number)
        + tag("ReferentieAanbieder", reference)
        + product_of(product)
        + tag("Toewijzingsdatum", granted_on)
        + tag("Toewijzingstijd", granted_time)
        + tag("Ingangsdatum", first_day)
        + tag("Einddatum", last_day)
        + tag("RedenWijziging", change_reason)
        + volume_of(volume)
        + tag("Budget", budget)
        + tag("Commentaar", SECRETS[3]),
    )


def started_product(
    number: object | None = 667899,
    *,
    product: str | None = "45A04",
    first_day: str = "2024-03-04",
    status: str = "1",
) -> str:
    """A StartProduct."""
    return tag(
        "StartProduct",
        tag("ToewijzingNummer", number)
        + product_of(product)
        + tag("ToewijzingIngangsdatum", "2024-03-04")
        + tag("Begindatum", first_day)
        + tag("StatusAanlevering", status),
    )


def ended_product(
    number: object | None = 667899,
    *,
    product: str | None = "45A04",
    first_day: str = "2024-01-08",
    reason: str = "31",
    last_day: str = "2024-03-01",
    status: str = "1",
) -> str:
    """A StopProduct; reason stands before last day."""
    return tag(
        "StopProduct",
        tag("ToewijzingNummer", number)
        + product_of(product)
        + tag("Begindatum", first_day)
        + tag("RedenBeeindiging", reason)
        + tag("Einddatum", last_day)
        + tag("StatusAanlevering", status),
    )


def asked_product(
    reference: str = "VOT-1",
    *,
    product: str | None = "45A04",
    first_day: str = "2024-04-01",
    last_day: str | None = "2024-12-31",
    volume: tuple[int, str, str] | None = (600, "01", "4"),
    budget: int | None = None,
    decision: int | None = None,
    decision_day: str | None = None,
    referrer: str = "02",
    referrer_name: str | None = SECRETS[4],
    referrer_code: str | None = None,
) -> str:
    """An AangevraagdProduct."""
    named = base("Type", referrer) + base("Naam", referrer_name) + base("ZorgverlenerCode", referrer_code)
    return tag(
        "AangevraagdProduct",
        tag("ReferentieAanbieder", reference)
        + tag("BeschikkingNummer", decision)
        + product_of(product)
        + tag("BeschikkingIngangsdatum", decision_day)
        + tag("ToewijzingIngangsdatum", first_day)
        + tag("ToewijzingEinddatum", last_day)
        + volume_of(volume)
        + tag("Budget", budget)
        + tag("Verwijzer", named)
        + tag("Commentaar", SECRETS[3]),
    )


def kept_product(number: object = 667899) -> str:
    """An OngewijzigdProduct."""
    return tag("OngewijzigdProduct", tag("ToewijzingNummer", number))


def changed_product(
    number: object = 667900,
    *,
    first_day: str = "2024-04-01",
    last_day: str | None = "2024-12-31",
    volume: tuple[int, str, str] | None = (900, "01", "4"),
    budget: int | None = None,
) -> str:
    """A TeWijzigenProduct."""
    days = tag("GewensteIngangsdatum", first_day) + tag("Einddatum", last_day)
    return tag("TeWijzigenProduct", tag("ToewijzingNummer", number) + days + volume_of(volume) + tag("Budget", budget))


def added_product(
    product: str | None = "41A03",
    *,
    first_day: str = "2024-04-01",
    last_day: str | None = None,
    volume: tuple[int, str, str] | None = (4, "16", "4"),
    budget: int | None = None,
) -> str:
    """A NieuwProduct."""
    days = tag("GewensteIngangsdatum", first_day) + tag("Einddatum", last_day)
    return tag("NieuwProduct", product_of(product) + days + volume_of(volume) + tag("Budget", budget))


def jw301(
    *products: str,
    bsn: str = BSN,
    birth_date: str = BIRTH_DATE,
    date_use: str | None = None,
    contacts: Sequence[str] | None = None,
    identification: str = "B1",
    dated: str = DATED,
    municipality: str = MUNICIPALITY,
    provider: str = PROVIDER,
) -> bytes:
    """A JW301 Toewijzing; one product and one BRP address unless others are given."""
    relation = (
        tag("Nummer", 1)
        + tag("Soort", "10")
        + tag("Naam", base("Geslachtsnaam", base("Achternaam", SECRETS[0])) + base("NaamGebruik", 1))
        + address(kind="02")
    )
    client = (
        person(bsn, birth_date, date_use, full=True)
        + tag("Commentaar", SECRETS[3])
        + tag("Relaties", tag("Relatie", relation))
        + tag("Contactgegevens", "".join([address()] if contacts is None else contacts))
        + tag("ToegewezenProducten", "".join(products or (granted_product(),)))
    )
    head = header("JW301", identification, dated, municipality, provider)
    return bericht("JW301", tag("Client", client), head)


def _client_message(kind: str, holder: str, products: str, options: dict[str, str | None]) -> bytes:
    client = person(options.get("bsn") or BSN, options.get("birth_date") or BIRTH_DATE, options.get("date_use")) + tag(
        holder, products
    )
    return bericht(kind, tag("Client", client), _header_with(kind, options))


def _header_with(kind: str, options: dict[str, str | None]) -> str:
    names = ("identification", "dated", "municipality", "provider")
    given = {name: value for name in names if (value := options.get(name)) is not None}
    return header(kind, **given)


def jw305(*products: str, **options: str | None) -> bytes:
    """A JW305 Start; options: bsn, birth_date, date_use, identification, dated, municipality, provider."""
    return _client_message("JW305", "StartProducten", "".join(products or (started_product(),)), options)


def jw307(*products: str, **options: str | None) -> bytes:
    """A JW307 Stop; options as for JW305."""
    return _client_message("JW307", "StopProducten", "".join(products or (ended_product(),)), options)


def jw315(*products: str, **options: str | None) -> bytes:
    """A JW315 Verzoek om toewijzing; options as for JW305."""
    return _client_message("JW315", "AangevraagdeProducten", "".join(products or (asked_product(),)), options)


def jw317(
    *,
    kept: Sequence[str] = (),
    changed: Sequence[str] = (),
    added: Sequence[str] = (),
    reference: str = "VOW-1",
    reason: str = "1",
    bsn: str = BSN,
    **options: str | None,
) -> bytes:
    """A JW317 Verzoek om wijziging."""
    request = (
        tag("ReferentieAanbieder", reference)
        + tag("RedenVerzoek", reason)
        + tag("OngewijzigdeProducten", "".join(kept) or None)
        + tag("TeWijzigenProducten", "".join(changed) or None)
        + tag("NieuweProducten", "".join(added) or None)
    )
    client = tag("Client", tag("Bsn", bsn) + tag("Verzoek", request))
    return bericht("JW317", client, _header_with("JW317", options))


def jw319(
    *,
    reference: str = "VOT-1",
    answer: str = "1",
    reason: str | None = "6",
    other_municipality: str | None = None,
    **options: str | None,
) -> bytes:
    """A JW319 Antwoord; it names no youth."""
    residence = tag("Gemeente", other_municipality)
    content = (
        tag("ReferentieAanbieder", reference)
        + tag("VerzoekAntwoord", answer)
        + tag("RedenAfwijzingVerzoek", reason)
        + tag("Woonplaatsbeginsel", residence or None)
    )
    return bericht("JW319", tag("Antwoord", content), _header_with("JW319", options))


def retour(
    answered: str,
    *codes: str,
    body: str = "",
    return_identification: str = "R1",
    returned: str = "2024-03-06",
    **options: str | None,
) -> bytes:
    """The return of a message of kind `answered`, whose identification and day it repeats; no code is acceptance."""
    kind = RETURN_OF[answered]
    listed = "".join(tag("RetourCode", code) for code in codes)
    versions = base("BasisschemaXsdVersie", "1.0.0") + base("BerichtXsdVersie", "1.0.0")
    extra = (
        tag("IdentificatieRetour", return_identification)
        + tag("DagtekeningRetour", returned)
        + tag("XsdVersieRetour", versions)
        + tag("RetourCodes", listed or None)
    )
    given = {name: value for name, value in options.items() if value is not None}
    return bericht(kind, body, header(kind, extra=extra, **given))


def returned_start(*codes: str, bsn: str = BSN) -> str:
    """The body of a JW306 that rejects a start: the client copied, each class with its codes."""
    remark = tag("RetourCodes", "".join(tag("RetourCode", code) for code in codes))
    start = started_product().replace("</StartProduct>", f"{remark}</StartProduct>")
    fine = tag("RetourCodes", tag("RetourCode", "0200"))
    return tag("Client", person(bsn, BIRTH_DATE, None) + tag("StartProducten", start) + fine)


def claim(kind: str = "JW323") -> bytes:
    """Enough of a claim to be recognised."""
    space = f"http://www.istandaarden.nl/ijw/3_2/{kind.lower()}/schema"
    return f'<Bericht xmlns="{space}"><Header/></Bericht>'.encode()


def envelope(xml: bytes, kind: str = "Di01") -> bytes:
    """A message in the StUF-GGk envelope: `Di01` carries messages, `Du01` returns."""
    name = "envelopHeenbericht-ggk_Di01" if kind == "Di01" else "envelopRetourbericht-ggk_Du01"
    payload = b64encode(xml).decode()
    return (
        f'<GGK:{name} xmlns:GGK="http://www.stufstandaarden.nl/koppelvlak/ggk0210" '
        f'xmlns:StUF="http://www.egem.nl/StUF/StUF0301"><GGK:stuurgegevens>'
        f"<StUF:berichtcode>{kind}</StUF:berichtcode></GGK:stuurgegevens><GGK:parameters><GGK:bericht>"
        f"<GGK:xmlBestand>{payload}</GGK:xmlBestand></GGK:bericht></GGK:parameters></GGK:{name}>"
    ).encode()


def one_of_each() -> dict[str, bytes]:
    """One valid message of every kind that is read, returns included."""
    return {
        "JW301": jw301(),
        "JW302": retour("JW301", "0001"),
        "JW305": jw305(),
        "JW306": retour("JW305", body=returned_start("9019")),
        "JW307": jw307(),
        "JW308": retour("JW307", "0001"),
        "JW315": jw315(),
        "JW316": retour("JW315"),
        "JW317": jw317(kept=[kept_product()], changed=[changed_product()], added=[added_product()]),
        "JW318": retour("JW317", "9374"),
        "JW319": jw319(),
        "JW320": retour("JW319", "9355"),
    }
