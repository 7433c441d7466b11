"""Dutch names of what stands in the data as a code: care forms, referrers, age bands, rules of alerts."""

import yaml

from services.alerts.acts import OUTCOME_NL
from services.alerts.rules import LABEL_NL
from youthcare.codes import Referrer
from youthcare.runtime.settings import shipped

REFERRERS = {
    Referrer.MUNICIPALITY.value: "Gemeente",
    Referrer.GENERAL_PRACTITIONER.value: "Huisarts",
    Referrer.YOUTH_DOCTOR.value: "Jeugdarts",
    Referrer.CERTIFIED_INSTITUTION.value: "Gecertificeerde instelling",
    Referrer.SPECIALIST.value: "Medisch specialist",
    Referrer.NONE.value: "Geen verwijzer",
    Referrer.COURT.value: "Rechter of officier van justitie",
    "unknown": "Onbekend",
}
UNKNOWN = {"unknown": "Onbekend"}
RULES = {rule.value: label for rule, label in LABEL_NL.items()}
OUTCOMES = {outcome.value: label for outcome, label in OUTCOME_NL.items()}


def care_forms() -> dict[str, str]:
    """The name of each care form as shipped; a municipality's own form shows its code."""
    forms = yaml.safe_load(shipped("care-forms.yml").read_text(encoding="utf-8"))["forms"]
    return {name: row["label_nl"] for name, row in forms.items()} | UNKNOWN
