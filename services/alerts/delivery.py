"""How what is told reaches a receiver that may be away: when to try again, and when to stop trying.

Two rules. Pauses double up to a longest one, and half of each is chance, so that receivers that fell together are not
tried together. After the most failures in a row a delivery is dead: it waits for a person and is never thrown away.
"""

from dataclasses import dataclass

_DOUBLINGS_MAX = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When to try again; pauses in seconds, `attempts_max` failures in a row are the last."""

    first_pause: float
    longest_pause: float
    attempts_max: int

    def pause(self, failures: int, chance: float) -> float | None:
        """Seconds until the next attempt after this many failures in a row; None when there is none.

        `chance` lies in [0, 1): it moves the pause between half of it and the whole.
        """
        if failures >= self.attempts_max:
            return None
        # Bounded, since two to the power of thousands is no float.
        whole = min(self.longest_pause, self.first_pause * 2.0 ** min(failures - 1, _DOUBLINGS_MAX))
        return whole * (0.5 + chance / 2)


def event_id(municipality: str, receiver: str, number: int) -> str:
    """The identity of what was told to a receiver, the same at each attempt and for all its webhooks.

    Visible ASCII without a full stop, as a header and the signed text need it: other signs are percent-encoded.
    """
    text = f"{municipality}/{receiver}/{number}"
    return "".join(sign if _is_plain(sign) else "".join(f"%{byte:02X}" for byte in sign.encode()) for sign in text)


def _is_plain(sign: str) -> bool:
    return sign.isascii() and (sign.isalnum() or sign in "/:-_")
