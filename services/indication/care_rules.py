"""The content rules that grants, requests and deliveries share: product, volume, budget, period.

Rules. A product is described in one of three ways: by code with a volume, by category alone, or by a budget
without product ("specifiek, aspecifiek, generiek"). A budget or a volume per week needs a last day. Which code a
rule has differs per message, so the caller names those. Source: ijw/reference.md §5.
"""

from collections.abc import Iterator
from datetime import date

from services.indication.message_parts import (
    AddedProduct,
    AskedProduct,
    ChangedProduct,
    EndedProduct,
    GrantedProduct,
    StartedProduct,
    StatedProduct,
    StatedVolume,
)
from services.indication.violations import Violation, violation
from youthcare.codes import PRODUCT_CATEGORIES
from youthcare.outcome import Reason

UNITS = frozenset({"01", "04", "14", "16", "82", "83", "84"})
FREQUENCIES = frozenset({"1", "2", "4", "6"})
PER_DAY, PER_WEEK = "1", "2"
STATED, RETRACTED = "1", "3"
UNITS_NOT_PER_DAY = frozenset({"14", "16", "83", "84"})
LAST_DAY_OF_OLD_VOLUMES = date(2020, 12, 31)  # until then a volume without a code was allowed

Described = GrantedProduct | AskedProduct | AddedProduct
Package = Described | ChangedProduct


def violations_of_product(product: StatedProduct | None) -> Iterator[Violation]:
    """A category that the list does not know (JZ020)."""
    if product is not None and product.category not in PRODUCT_CATEGORIES:
        yield violation(Reason.UNKNOWN_CODE, product, "category", "JZ020")


def violations_of_package(package: Package, *, frequency: str) -> Iterator[Violation]:
    """Budget, volume and period of what is granted or asked for."""
    if package.budgeted and package.volume is not None:
        yield violation(Reason.FIELD_FORBIDDEN, package, "volume", "CD077")
        yield violation(Reason.FIELD_FORBIDDEN, package, "budgeted", "CD078")
    if package.last_day is None and package.budgeted:
        yield violation(Reason.FIELD_MISSING, package, "last_day", "CD075")
    if package.last_day is None and package.volume is not None and package.volume.frequency == PER_WEEK:
        yield violation(Reason.FIELD_MISSING, package, "last_day", "CD076")
    if package.last_day is not None and package.last_day < package.first_day:
        yield violation(Reason.END_BEFORE_START, package, "last_day", "CS003")
    if package.volume is not None:
        yield from _violations_of_volume(package.volume, frequency)


def violations_of_description(package: Described, *, without_code: str) -> Iterator[Violation]:
    """Product against budget and volume."""
    yield from violations_of_product(package.product)
    code = package.product.code if package.product is not None else None
    if package.product is None and not package.budgeted:
        yield violation(Reason.FIELD_MISSING, package, "product", "CD079")
    if code is not None and package.volume is None:
        yield violation(Reason.FIELD_MISSING, package, "volume", "CD041")
    recent = package.last_day is None or package.last_day > LAST_DAY_OF_OLD_VOLUMES
    if code is None and package.volume is not None and recent:
        yield violation(Reason.FIELD_FORBIDDEN, package, "volume", without_code)


def _violations_of_volume(volume: StatedVolume, rule: str) -> Iterator[Violation]:
    if volume.unit not in UNITS:
        yield violation(Reason.UNKNOWN_CODE, volume, "unit", "WJ756")
    if volume.frequency not in FREQUENCIES:
        yield violation(Reason.UNKNOWN_CODE, volume, "frequency", "WMO757")
    elif volume.unit in UNITS_NOT_PER_DAY and volume.frequency == PER_DAY:
        yield violation(Reason.FIELD_INVALID, volume, "frequency", rule)


def violations_of_delivery(product: StartedProduct | EndedProduct) -> Iterator[Violation]:
    """Product and status of a start or an end; only 1 (stated) and 3 (retracted) may be sent (CS058)."""
    yield from violations_of_product(product.product)
    if product.status not in (STATED, RETRACTED):
        yield violation(Reason.STATUS_FORBIDDEN, product, "status", "CS058")
