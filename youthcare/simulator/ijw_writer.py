"""Writes an iJw 3.2 message as XML, bare or in its StUF-GGk envelope.

Three rules. Order and namespaces are those of the schemas: children of a basic type stand in the `ijw` namespace,
all else in that of the message. An optional field that is not known is absent. Everything interpolated is made by
this package and holds no character that XML would have to escape.
"""

from base64 import b64encode
from datetime import date, datetime

from youthcare.codes import Product, Referrer, RequestAnswer
from youthcare.simulator.catalogue import Offer
from youthcare.simulator.messages import (
    MUNICIPAL,
    AnswerLine,
    DeliveryLine,
    GrantLine,
    IjwMessage,
    RequestLine,
    ReturnLine,
)
from youthcare.simulator.population import Youth

CODES = {
    "301": "436",
    "302": "437",
    "305": "438",
    "306": "439",
    "307": "440",
    "308": "441",
    "315": "446",
    "317": "486",
    "319": "488",
}
_ANSWERS = {RequestAnswer.REJECTED: "1", RequestAnswer.UNDER_INVESTIGATION: "2"}
_RETURNS = frozenset({"302", "306", "308"})
_NAMESPACE = "http://www.istandaarden.nl/ijw/3_2/"
_VERSION = (
    "<ijw:BasisschemaXsdVersie>1.0.0</ijw:BasisschemaXsdVersie><ijw:BerichtXsdVersie>1.0.0</ijw:BerichtXsdVersie>"
)


def written(message: IjwMessage) -> str:
    """The message as XML."""
    body = _body(message)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Bericht xmlns="{_NAMESPACE}jw{message.kind}/schema" xmlns:ijw="{_NAMESPACE}basisschema/schema">'
        f"{_header(message)}{body}</Bericht>\n"
    )


def enveloped(message: IjwMessage, xml: str, reference: str) -> str:
    """The XML in a StUF-GGk envelope (ijw/reference.md §9)."""
    root, code = ("Retour", "Du01") if message.kind in _RETURNS else ("Heen", "Di01")
    root = f"envelop{root}bericht-ggk_{code}"
    answered = f"<StUF:crossRefnummer>{reference}</StUF:crossRefnummer>" if code == "Du01" else ""
    sent = datetime(message.dated.year, message.dated.month, message.dated.day, 9)  # noqa: DTZ001 local by rule
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<GGK:{root} xmlns:GGK="http://www.stufstandaarden.nl/koppelvlak/ggk0210"'
        f' xmlns:StUF="http://www.egem.nl/StUF/StUF0301"><GGK:stuurgegevens>'
        f"<StUF:berichtcode>{code}</StUF:berichtcode>{_party('zender', message.provider)}"
        f"{_party('ontvanger', message.municipality)}<StUF:referentienummer>{reference}</StUF:referentienummer>"
        f"<StUF:tijdstipBericht>{sent:%Y%m%d%H%M%S}</StUF:tijdstipBericht>{answered}"
        f"<StUF:functie>JW{message.kind}</StUF:functie></GGK:stuurgegevens><GGK:parameters>"
        f"<GGK:applicatieVersie>0001</GGK:applicatieVersie><GGK:applicatieSubversie>0000</GGK:applicatieSubversie>"
        f"<GGK:functieVersie>0003</GGK:functieVersie><GGK:functieSubversie>0002</GGK:functieSubversie>"
        f"<GGK:bericht><GGK:xmlBestand>{b64encode(xml.encode()).decode()}</GGK:xmlBestand></GGK:bericht>"
        f"</GGK:parameters></GGK:{root}>\n"
    )


def _party(role: str, code: str) -> str:
    return (
        f"<StUF:{role}><StUF:organisatie>{code}</StUF:organisatie><StUF:applicatie>GGK</StUF:applicatie></StUF:{role}>"
    )


def _header(message: IjwMessage) -> str:
    parties = (message.municipality, message.provider)
    sender, receiver = parties if message.kind in MUNICIPAL else reversed(parties)
    line = message.lines[0]
    answers = line if isinstance(line, ReturnLine) else None
    identification, dated = (
        (answers.identification, answers.dated) if answers else (message.identification, message.dated)
    )
    return (
        f"<Header><BerichtCode>{CODES[message.kind]}</BerichtCode><BerichtVersie>3</BerichtVersie>"
        f"<BerichtSubversie>2</BerichtSubversie><Afzender>{sender}</Afzender><Ontvanger>{receiver}</Ontvanger>"
        f"<BerichtIdentificatie><ijw:Identificatie>{identification}</ijw:Identificatie>"
        f"<ijw:Dagtekening>{dated}</ijw:Dagtekening></BerichtIdentificatie><XsdVersie>{_VERSION}</XsdVersie>"
        f"{_answering(message, answers) if answers else ''}</Header>"
    )


def _answering(message: IjwMessage, line: ReturnLine) -> str:
    codes = "".join(f"<RetourCode>{code}</RetourCode>" for code in line.codes)
    return (
        f"<IdentificatieRetour>{message.identification}</IdentificatieRetour>"
        f"<DagtekeningRetour>{message.dated}</DagtekeningRetour><XsdVersieRetour>{_VERSION}</XsdVersieRetour>"
        f"{f'<RetourCodes>{codes}</RetourCodes>' if codes else ''}"
    )


def _body(message: IjwMessage) -> str:
    line = message.lines[0]
    if isinstance(line, ReturnLine):
        return ""
    if isinstance(line, AnswerLine):
        return _answer(line)
    if isinstance(line, RequestLine) and message.kind == "317":
        return f"<Client><Bsn>{message.youth.bsn}</Bsn>{_change_request(line)}</Client>"
    return f"<Client>{_person(message)}{_lines(message)}</Client>"


def _lines(message: IjwMessage) -> str:
    plural, singular = {
        "301": ("ToegewezenProducten", "ToegewezenProduct"),
        "305": ("StartProducten", "StartProduct"),
        "307": ("StopProducten", "StopProduct"),
        "315": ("AangevraagdeProducten", "AangevraagdProduct"),
    }[message.kind]
    written_lines = "".join(f"<{singular}>{_line(line)}</{singular}>" for line in message.lines)
    return f"<{plural}>{written_lines}</{plural}>"


def _line(line: object) -> str:
    if isinstance(line, GrantLine):
        return _grant(line)
    if isinstance(line, RequestLine):
        return _request(line)
    assert isinstance(line, DeliveryLine), "a person's message holds grants, deliveries or requests"
    return _delivery(line)


def _person(message: IjwMessage) -> str:
    youth: Youth = message.youth
    name = f"<ijw:Geslachtsnaam><ijw:Achternaam>{youth.surname}</ijw:Achternaam></ijw:Geslachtsnaam>"
    usage = "<ijw:NaamGebruik>1</ijw:NaamGebruik>" if message.kind == "301" else ""
    contact = _contact(youth.home(message.dated)[1]) if message.kind == "301" else ""
    return (
        f"<Bsn>{youth.bsn}</Bsn><Geboortedatum><ijw:Datum>{youth.birth_date}</ijw:Datum></Geboortedatum>"
        f"<Geslacht>{youth.sex}</Geslacht><Naam>{name}{usage}</Naam>{contact}"
    )


def _contact(postcode: str) -> str:
    return (
        f"<Contactgegevens><Contact><Soort>01</Soort><Adres><ijw:Postcode>{postcode}</ijw:Postcode>"
        f"<ijw:Plaatsnaam>Enschede</ijw:Plaatsnaam></Adres></Contact></Contactgegevens>"
    )


def _product(product: Product) -> str:
    code = f"<ijw:Code>{product.code}</ijw:Code>" if product.code else ""
    return f"<Product><ijw:Categorie>{product.category}</ijw:Categorie>{code}</Product>"


def _volume(offer: Offer, product: Product, last_day: date | None) -> str:
    """The amount, only with a code (CD041, CD080); per week only with a last day (CD076)."""
    if product.code is None:
        return ""
    frequency, times = ("6", 1) if offer.total else ("2", 1) if last_day else ("4", 4)
    return (
        f"<Omvang><ijw:Volume>{offer.amount_per_week * times}</ijw:Volume>"
        f"<ijw:Eenheid>{offer.unit}</ijw:Eenheid><ijw:Frequentie>{frequency}</ijw:Frequentie></Omvang>"
    )


def _optional(name: str, value: object | None) -> str:
    return "" if value is None else f"<{name}>{value}</{name}>"


def _grant(line: GrantLine) -> str:
    return (
        f"<ToewijzingNummer>{line.number}</ToewijzingNummer>"
        f"{_optional('ReferentieAanbieder', line.reference)}{_product(line.product)}"
        f"<Toewijzingsdatum>{line.granted_at:%Y-%m-%d}</Toewijzingsdatum>"
        f"<Toewijzingstijd>{line.granted_at:%H:%M:%S}</Toewijzingstijd>"
        f"<Ingangsdatum>{line.first_day}</Ingangsdatum>{_optional('Einddatum', line.last_day)}"
        f"{_optional('RedenWijziging', line.change_reason)}{_volume(line.offer, line.product, line.last_day)}"
    )


def _delivery(line: DeliveryLine) -> str:
    return (
        f"<ToewijzingNummer>{line.number}</ToewijzingNummer>{_product(line.product)}"
        f"<ToewijzingIngangsdatum>{line.granted_first_day}</ToewijzingIngangsdatum>"
        f"<Begindatum>{line.first_day}</Begindatum>{_optional('RedenBeeindiging', line.reason)}"
        f"{_optional('Einddatum', line.last_day)}<StatusAanlevering>{line.status}</StatusAanlevering>"
    )


def _request(line: RequestLine) -> str:
    named = line.referrer not in (Referrer.MUNICIPALITY, Referrer.COURT, Referrer.NONE)
    referrer = f"<ijw:Type>{line.referrer}</ijw:Type>{_optional('ijw:Naam', 'Verwijzer' if named else None)}"
    return (
        f"<ReferentieAanbieder>{line.reference}</ReferentieAanbieder>{_product(line.product)}"
        f"<ToewijzingIngangsdatum>{line.first_day}</ToewijzingIngangsdatum>"
        f"{_optional('ToewijzingEinddatum', line.last_day)}"
        f"{_volume(line.offer, line.product, line.last_day)}<Verwijzer>{referrer}</Verwijzer>"
    )


def _change_request(line: RequestLine) -> str:
    volume = _volume(line.offer, line.product, line.last_day)
    kept = "".join(
        f"<OngewijzigdProduct><ToewijzingNummer>{number}</ToewijzingNummer></OngewijzigdProduct>"
        for number in line.kept
    )
    wanted = (
        f"<GewensteIngangsdatum>{line.first_day}</GewensteIngangsdatum>{_optional('Einddatum', line.last_day)}{volume}"
    )
    changed = (
        ""
        if line.renewed is None
        else (
            f"<TeWijzigenProducten><TeWijzigenProduct><ToewijzingNummer>{line.renewed}</ToewijzingNummer>"
            f"{wanted}</TeWijzigenProduct></TeWijzigenProducten>"
        )
    )
    added = (
        ""
        if line.renewed is not None
        else (f"<NieuweProducten><NieuwProduct>{_product(line.product)}{wanted}</NieuwProduct></NieuweProducten>")
    )
    reason = "1" if line.renewed is None else "2"
    unchanged = f"<OngewijzigdeProducten>{kept}</OngewijzigdeProducten>" if kept else ""
    return (
        f"<Verzoek><ReferentieAanbieder>{line.reference}</ReferentieAanbieder>"
        f"<RedenVerzoek>{reason}</RedenVerzoek>{unchanged}{changed}{added}</Verzoek>"
    )


def _answer(line: AnswerLine) -> str:
    return (
        f"<Antwoord><ReferentieAanbieder>{line.reference}</ReferentieAanbieder>"
        f"<VerzoekAntwoord>{_ANSWERS[line.answer]}</VerzoekAntwoord>"
        f"{_optional('RedenAfwijzingVerzoek', line.reason)}</Antwoord>"
    )
