"""How long a clerk needs by keyboard and scanner alone: what the page asks of the hands, times what hands need.

The counts are those of the page; `tests/pages/test_clerk_keys.py` presses just these keys in a real Chromium. A key and
a moment of thought are those of the keystroke-level model (Card, Moran and Newell 1980: average typist 0.28 s, mental
preparation 1.35 s). A scanner types by itself. What hands do at the steel is an assumption, named here; how long the
cabinet takes is more than what `make bench latency` measures on this machine.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.table import Row

KEY_S, THOUGHT_S = 0.28, 1.35
SCAN_S = 2.5  # take an envelope or a bag, aim, hear the beep
DOOR_OPENS_S = 1.5
REFUSED_S = 0.5
AT_THE_DOOR_S = 5.0  # a step, pull, put in, push until it clicks
ROUND_DOOR_S = 8.0  # several steps, pull, take the bag out, push
SENTENCE_S = 4.0  # read one sentence
ASIDE_S = 2.0  # lay an envelope on the counter's pile
TRAIN_S = 12.0  # three pulses with their pauses, until the page asks
COUNTED_S = 15.0  # count the papers of one bag
SIGN_IN_KEYS = 32  # user, password, six digits, the kiosk's four, with Tab and Enter between
SIGN_IN_S = 15.0  # find the six digits on the phone, walk to the screen for the four


@dataclass(frozen=True, slots=True)
class Task:
    """One thing done: `keys` pressed by hand on the page, `thoughts`, and the seconds that are neither."""

    keys: int
    thoughts: int
    other_s: float

    @property
    def seconds(self) -> float:
        return self.keys * KEY_S + self.thoughts * THOUGHT_S + self.other_s


LOADED_S = SCAN_S + DOOR_OPENS_S + AT_THE_DOOR_S
GOOD = Task(keys=0, thoughts=0, other_s=LOADED_S)
NO_BARCODE = Task(keys=12, thoughts=1, other_s=LOADED_S)  # 261008-0975 and Enter
UNPAID = Task(keys=0, thoughts=1, other_s=SCAN_S + REFUSED_S + SENTENCE_S + ASIDE_S)
SEVERAL = Task(keys=4, thoughts=2, other_s=LOADED_S + REFUSED_S)  # three times Tab, Enter
STAYS_SHUT = Task(keys=1, thoughts=1, other_s=SCAN_S + TRAIN_S + SENTENCE_S + LOADED_S)  # F7, then scanned again
ROUND_ENDS = Task(keys=1, thoughts=1, other_s=REFUSED_S)  # F9
SIGNED_IN = Task(keys=SIGN_IN_KEYS, thoughts=3, other_s=SIGN_IN_S)
BAG = Task(keys=3, thoughts=1, other_s=DOOR_OPENS_S + ROUND_DOOR_S + SCAN_S + COUNTED_S)  # F6, a digit, Enter
BAG_MISSING = Task(keys=8, thoughts=3, other_s=2 * (DOOR_OPENS_S + ROUND_DOOR_S))  # twice F6, Enter, 0, Enter


def rows() -> list[Row]:
    """Both rounds against the limits of the unit's morning, in seconds."""
    forty = [SIGNED_IN, *[GOOD] * 36, NO_BARCODE, UNPAID, SEVERAL, STAYS_SHUT, ROUND_ENDS]
    twelve = [SIGNED_IN, *[BAG] * 11, BAG_MISSING]
    return [
        Row("40 envelopes, four of them bad", sum(one.seconds for one in forty), "s", 480, "(8 min)", bar=1),
        Row("a round of 12 intakes, one missing", sum(one.seconds for one in twelve), "s", 600, "(10 min)", bar=1),
        Row("acts at the desk for a good envelope: its scan", 1 + GOOD.keys, "", 2, "(2)", bar=1),
        Row("keys pressed for the 40", sum(one.keys for one in forty), ""),
    ]
