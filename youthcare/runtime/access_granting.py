"""Brings the users and rules of the broker in line with what ``topic_access`` declares.

1. What is declared and not there is made; what stands there of a user of ours and is not declared is taken away.
   Users that are not ours, but senders that are named, are left alone.
2. Passwords come from a file or from the caller, never as an argument, and reach the broker salted and hashed.
3. Doing it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, but not listed as such
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from youthcare.runtime.brokers import ANSWER_SECONDS, answered, client_config
from youthcare.runtime.settings import BrokerSettings
from youthcare.runtime.topic_access import USERS, Right, Rule, Thing, declared

MECHANISM = "SCRAM-SHA-512"
# Kafka's least: our passwords are random and long, so more rounds would only slow the clients down.
ITERATIONS = 4096
_ANY_HOST = "*"
_OF_USER = "User:"
_OPERATIONS = {
    Right.READ: AclOperation.READ,
    Right.WRITE: AclOperation.WRITE,
    Right.SEE: AclOperation.DESCRIBE,
    Right.SEE_SETTINGS: AclOperation.DESCRIBE_CONFIGS,
}
_RESOURCES = {Thing.TOPIC: ResourceType.TOPIC, Thing.GROUP: ResourceType.GROUP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What was changed, each as a line to read."""

    given: tuple[str, ...]
    taken: tuple[str, ...]


def grant_access(settings: BrokerSettings, senders: Collection[str] = (), former: Collection[str] = ()) -> Granted:
    """Give every declared right, take all others of our users and of these senders, and all of former senders.

    Raises ``Unavailable`` when the broker does not answer or has no authorizer, ``ValueError`` for a sender's name.
    """
    wanted = {binding_of(rule): str(rule) for rule in declared(senders)}
    admin = AdminClient(client_config(settings))
    found = answered(admin.describe_acls(_everything(), request_timeout=ANSWER_SECONDS))
    ours = {f"{_OF_USER}{user}" for user in (*USERS, *senders, *former)}
    missing = [each for each in wanted if each not in found]
    superfluous = [each for each in found if each.principal in ours and each not in wanted]
    # First what is missing: who may do a thing before and after may do it all the while.
    _create(admin, missing)
    _delete(admin, superfluous)
    return Granted(given=tuple(sorted(wanted[each] for each in missing)), taken=tuple(sorted(map(_told, superfluous))))


def set_passwords(settings: BrokerSettings, passwords: Mapping[str, str]) -> None:
    """Make users of the broker, or give those that are there another password; sessions that are open go on.

    Raises ``Unavailable`` when the broker does not answer.
    """
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
    wanted: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(user, info, password.encode()) for user, password in sorted(passwords.items())
    ]
    admin = AdminClient(client_config(settings))
    for future in admin.alter_user_scram_credentials(wanted, request_timeout=ANSWER_SECONDS).values():
        answered(future)


def _everything() -> AclBindingFilter:
    anything: Any = None  # no name, user or host: of all of them; the stub asks for a text
    return AclBindingFilter(
        ResourceType.ANY, anything, ResourcePatternType.ANY, anything, anything, AclOperation.ANY, AclPermissionType.ANY
    )


def binding_of(rule: Rule) -> AclBinding:
    """A rule as the broker keeps it."""
    return AclBinding(
        _RESOURCES[rule.thing],
        rule.name,
        ResourcePatternType.LITERAL,
        f"{_OF_USER}{rule.user}",
        _ANY_HOST,
        _OPERATIONS[rule.right],
        AclPermissionType.ALLOW,
    )


def _create(admin: AdminClient, bindings: Iterable[AclBinding]) -> None:
    asked = list(bindings)
    if asked:
        for future in admin.create_acls(asked, request_timeout=ANSWER_SECONDS).values():
            answered(future)


def _delete(admin: AdminClient, bindings: Iterable[AclBinding]) -> None:
    filters = [
        AclBindingFilter(
            each.restype,
            each.name,
            each.resource_pattern_type,
            each.principal,
            each.host,
            each.operation,
            each.permission_type,
        )
        for each in bindings
    ]
    if filters:
        for future in admin.delete_acls(filters, request_timeout=ANSWER_SECONDS).values():
            answered(future)


def _told(binding: AclBinding) -> str:
    user = str(binding.principal).removeprefix(_OF_USER)
    kind, operation = AclPermissionType(binding.permission_type).name, AclOperation(binding.operation).name
    return f"{user} {kind} {operation} {ResourceType(binding.restype).name} {binding.name}".lower()
