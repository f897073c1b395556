"""How often one address may ask: ten questions, and one more a minute. Right and wrong ones count alike."""

from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from hub.errors import TooOftenError

QUESTIONS = 10
REFILL_S = 60.0
MOST_ADDRESSES = 20_000
NETWORK_BITS = 64


class Pace:
    """Remembers, for the addresses that asked last, when their questions are all back; in memory only."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        """`clock` gives monotonic seconds."""
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, address: str) -> None:
        """Count one question. Raises TooOftenError with the seconds to wait."""
        who, now = network(address), self._clock()
        full_at = max(now, self._full_at.pop(who, now)) + REFILL_S
        is_too_often = full_at - now > QUESTIONS * REFILL_S
        self._full_at[who] = full_at - REFILL_S if is_too_often else full_at
        if len(self._full_at) > MOST_ADDRESSES:
            self._full_at.popitem(last=False)
        if is_too_often:
            wait_s = -(-(full_at - now - QUESTIONS * REFILL_S) // 1)
            raise TooOftenError("too many questions from here; wait, or call the office", retry_after_s=int(wait_s))


def network(address: str) -> str:
    """The address, or of IPv6 the network of one household; what is no address counts as one."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(int(found) >> (128 - NETWORK_BITS))
    return str(found)
