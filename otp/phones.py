"""Phone numbers: what was written becomes E.164, a kind, and a mask.

The ranges grow with each release of the library, so no prefix stands here. A wrong "invalid" would lock a citizen out:
a clerk may override it with a reason, and then `e164` is used as it is.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

REGION: Final = "VN"


class Kind(StrEnum):
    MOBILE = "mobile"
    LANDLINE = "landline"
    FOREIGN = "foreign"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Phone:
    """A number in E.164 (`+84912345678`; None when nothing can be dialled) and what kind it is."""

    e164: str | None = field(repr=False)
    kind: Kind

    @property
    def takes_messages(self) -> bool:
        """True for a number an SMS can be sent to without a clerk's override."""
        return self.kind in {Kind.MOBILE, Kind.FOREIGN}


def parse_phone(text: str, *, region: str = REGION) -> Phone:
    """Read a number in any usual form; never raises. Foreign landlines are INVALID, as no message reaches them."""
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return Phone(None, Kind.INVALID)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if not phonenumbers.is_valid_number(number):
        return Phone(e164 if phonenumbers.is_possible_number(number) else None, Kind.INVALID)
    is_mobile = phonenumbers.number_type(number) in {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
    if number.country_code != phonenumbers.country_code_for_region(region):
        return Phone(e164, Kind.FOREIGN if is_mobile else Kind.INVALID)
    return Phone(e164, Kind.MOBILE if is_mobile else Kind.LANDLINE)


def last4(e164: str) -> str:
    """The last four digits, as the second question asks for them."""
    return e164[-4:]


def mask(e164: str) -> str:
    """How a number is shown to staff: `••••• ••678`."""
    return f"••••• ••{e164[-3:]}"
