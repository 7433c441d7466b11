"""All that leaves beside the stream: the topic, its heartbeat, webhooks and mail, each on its own.

One rule: what is not set up is not started; a municipality without mail has no mail companion that could fail.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from services.alerts import outbox
from services.alerts.outbox.heartbeat import heartbeat_always
from services.alerts.outbox.mail import digests_always
from services.alerts.outbox.webhooks import webhooks_always
from youthcare.runtime.processing import Companion
from youthcare.runtime.sealing import read_keys
from youthcare.runtime.settings import Settings


def outbox_companions(settings: Settings, clock: Callable[[], datetime]) -> list[Companion]:
    """The companions of the worker that empty the outbox; raises `OSError` or `ValueError` for a wrong key file."""
    delivery, mail = settings.delivery(), settings.mail()
    common: dict[str, Any] = {"clock": clock, "patience_seconds": settings.worker_patience_seconds}
    found: list[Companion] = [
        partial(outbox.publish_always, **common),
        partial(heartbeat_always, **common, seconds=delivery.heartbeat_seconds),
    ]
    if delivery.keys_file is not None:
        found.append(partial(webhooks_always, **common, settings=delivery, keys=read_keys(Path(delivery.keys_file))))
    if mail is not None:
        found.append(partial(digests_always, **common, mail=mail, settings=delivery))
    return found
