"""What a call says: a code digit by digit, in words, so that no voice reads it as one large number."""

from typing import Final

DIGITS: Final = {
    "vi": ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"),
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
}
_OPENING: Final = {
    "vi": "Đây là tủ hồ sơ của {office}. Mã mở tủ của ông bà là:",
    "en": "This is the dossier cabinet of {office}. Your locker code is:",
}
_AGAIN: Final = {"vi": "Xin nhắc lại:", "en": "Again:"}
_END: Final = {
    "vi": "Xin giữ kín mã, không đưa cho ai, kể cả cán bộ.",
    "en": "Keep it secret. Give it to nobody, not even staff.",
}
TIMES: Final = 3


def code(grouped: str, office: str, language: str) -> tuple[str, ...]:
    """The sentences of a call, each followed by a pause: the groups of `4821 7390 5562`, three times over.

    A language there are no words for is spoken Vietnamese.
    """
    words = language if language in DIGITS else "vi"
    groups = [", ".join(DIGITS[words][int(digit)] for digit in group) + "." for group in grouped.split()]
    opening = _OPENING[words].format(office=office)
    again = [sentence for _ in range(TIMES - 1) for sentence in (_AGAIN[words], *groups)]
    return (opening, *groups, *again, _END[words])
