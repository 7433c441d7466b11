"""From the outbox to the mail server: the mail of the day, one after the other.

Two rules. A mail is marked after the server said that it took it; a worker that dies between the two has it sent
again with the same `Message-ID`. What the server refuses is tried again later, and in the end given up.
"""

import asyncio
import random
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from uuid import uuid4

import aiosmtplib
import structlog

from services.alerts.digest import day_of, message
from services.alerts.outbox import tell
from services.alerts.outbox.webhooks import LEASE_TIMEOUTS, schedule_of
from services.alerts.store.digesting import (
    ClaimedDigest,
    claim_digest,
    count_dead_digests,
    make_digests,
    note_sent,
    put_off_digest,
)
from youthcare.period import civil_day
from youthcare.runtime import metrics
from youthcare.runtime.batch import patiently
from youthcare.runtime.postgres import Pool, unavailable_as_such
from youthcare.runtime.producing import Publisher
from youthcare.runtime.settings import DeliverySettings, MailSettings

LOOK_SECONDS = 10.0


class MailFailed(Exception):
    """The server did not take a mail; the text is a word for the kind of failure, never what the server said."""


async def make_due(pool: Pool, now: datetime, mail: MailSettings) -> int:
    """Make the mails of the day when it is time; answers how many. Raises `Unavailable`."""
    with unavailable_as_such():
        async with pool.acquire() as connection:
            metrics.DIGESTS_DEAD.set(await count_dead_digests(connection, civil_day(now)))
            day = day_of(now, mail.digest_at)
            return 0 if day is None else await make_digests(connection, day, now)


async def send_due(pool: Pool, now: datetime, mail: MailSettings, settings: DeliverySettings) -> bool:
    """Send one mail that is due; whether there was one. Raises `Unavailable` when Postgres is away."""
    with unavailable_as_such():
        async with pool.acquire() as connection:
            claimed = await claim_digest(connection, uuid4(), LEASE_TIMEOUTS * settings.timeout_seconds)
    if claimed is None:
        return False
    failure = await _failure(message(claimed.digest, sender=mail.sender, inbox=mail.inbox_url, now=now), mail, settings)
    with unavailable_as_such():
        async with pool.acquire() as connection:
            if failure is None:
                await note_sent(connection, claimed)
            else:
                await put_off_digest(connection, claimed, failure, _pause(claimed, failure, settings))
    return True


def _pause(claimed: ClaimedDigest, failure: str, settings: DeliverySettings) -> float | None:
    failures = claimed.failures + 1
    pause = schedule_of(settings).pause(failures, random.random())  # noqa: S311 - no secret
    if pause is None:
        structlog.get_logger().error("digest_died", reason=failure, attempt=failures)
    return pause


async def _failure(made: EmailMessage, mail: MailSettings, settings: DeliverySettings) -> str | None:
    """Why a mail was not taken; None when it was."""
    try:
        async with asyncio.timeout(settings.timeout_seconds):
            await _sent(made, mail, settings.timeout_seconds)
    except TimeoutError:
        return "timed out"
    except aiosmtplib.SMTPResponseException as refused:
        return f"reply {refused.code}"
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        return type(error).__name__
    return None


async def _sent(made: EmailMessage, mail: MailSettings, seconds: float) -> None:
    client = aiosmtplib.SMTP(
        hostname=mail.host,
        port=mail.port,
        username=mail.username,
        password=mail.password,
        use_tls=mail.security == "tls",
        start_tls=mail.security == "starttls",
        tls_context=None if mail.security == "plaintext" else ssl.create_default_context(cafile=mail.ca_file),
        timeout=seconds,
    )
    await client.connect()
    try:
        await client.send_message(made)
    finally:
        # No word of leave is waited for: what was taken was taken, and is to be marked at once.
        with suppress(aiosmtplib.SMTPException, OSError):
            client.close()


async def digests_always(
    pool: Pool,
    _publisher: Publisher,
    clock: Callable[[], datetime],
    patience_seconds: float,
    mail: MailSettings,
    settings: DeliverySettings,
) -> None:
    """Make and send the mails of each day, for ever; raises `Unavailable` when an outage outlasts patience."""

    async def step() -> None:
        await make_due(pool, clock(), mail)
        while await send_due(pool, clock(), mail, settings):
            pass

    while True:
        await patiently(step, patience_seconds, tell)
        await asyncio.sleep(LOOK_SECONDS)
