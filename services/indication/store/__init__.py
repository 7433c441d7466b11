"""What the indication service keeps, all of it entered truth: identities, register, what waits, refusals.

One transaction takes in one delivery (`intake.take`); the other modules hold its SQL, each about one thing.
"""

from services.indication.store.intake import take
from services.indication.store.tables import TABLES, prepare
from services.indication.store.upkeep import expire, publish_again, retry_unknown

__all__ = ["TABLES", "expire", "prepare", "publish_again", "retry_unknown", "take"]
