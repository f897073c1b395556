"""The SMS as the modem takes it: SMS-SUBMIT out, SMS-STATUS-REPORT back (3GPP TS 23.040, 9.2; septets TS 23.038, 6).

The centre's number is left to the SIM. Long texts go in parts with an 8-bit concatenation header, so that the phone
shows one message.
"""

from dataclasses import dataclass
from typing import Final

from otp.segments import ALPHABET, EXTENSION, Encoding, cut, encoding_of

SUBMIT_RELATIVE_VALIDITY: Final = 0x11
WANTS_REPORT: Final = 0x20
HAS_HEADER: Final = 0x40
INTERNATIONAL: Final = 0x91
NATIONAL: Final = 0x81
STATUS_REPORT: Final = 0x02
_ESCAPE: Final = 0x1B
_DATE_OCTETS: Final = 7
_CODING: Final = {Encoding.GSM7: 0x00, Encoding.UCS2: 0x08}
HOUR_S: Final = 3600


class PduError(Exception):
    """These octets are no status report."""


@dataclass(frozen=True, slots=True)
class Submit:
    """One part as hexadecimal digits; `length` is what AT+CMGS wants: octets without the centre's."""

    octets: str
    length: int


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one part. `recipient` is as the network writes it; `status` is TP-ST (TS 23.040, 9.2.3.15)."""

    number: int
    recipient: str
    status: int


def submits(recipient: str, text: str, *, valid_seconds: int | None, group: int) -> list[Submit]:
    """The parts of a message to an E.164 number; `group` (0 to 255) is the same in every part of one message."""
    encoding = encoding_of(text)
    parts = cut(text)
    made = []
    for position, part in enumerate(parts, start=1):
        header = bytes((5, 0, 3, group, len(parts), position)) if len(parts) > 1 else b""
        first = SUBMIT_RELATIVE_VALIDITY | WANTS_REPORT | (HAS_HEADER if header else 0)
        units, body = _user_part(part, encoding, header)
        pdu = bytes((first, 0)) + _address(recipient) + bytes((0, _CODING[encoding], _validity(valid_seconds), units))
        made.append(Submit(octets=(b"\x00" + pdu + body).hex().upper(), length=len(pdu + body)))
    return made


def _user_part(text: str, encoding: Encoding, header: bytes) -> tuple[int, bytes]:
    """TP-UDL (septets or octets) and TP-UD."""
    if encoding is Encoding.UCS2:
        body = header + text.encode("utf-16-be")
        return len(body), body
    # The header fills whole septets, so that the text begins at a septet's edge.
    skipped = -(-len(header) * 8 // 7)
    septets = [*_septets(text)]
    number = int.from_bytes(header, "little")
    for place, septet in enumerate(septets, start=skipped):
        number |= septet << (7 * place)
    count = skipped + len(septets)
    return count, number.to_bytes(-(-count * 7 // 8), "little")


def _septets(text: str) -> list[int]:
    found: list[int] = []
    for sign in text:
        found.extend((_ESCAPE, EXTENSION[sign]) if sign in EXTENSION else (ALPHABET.index(sign),))
    return found


def _address(number: str) -> bytes:
    digits = number.removeprefix("+")
    padded = digits + "F" * (len(digits) % 2)
    swapped = "".join(padded[place + 1] + padded[place] for place in range(0, len(padded), 2))
    return bytes((len(digits), INTERNATIONAL if number.startswith("+") else NATIONAL)) + bytes.fromhex(swapped)


def _validity(seconds: int | None) -> int:
    """TP-VP, relative, rounded down but never under its five minutes; without a wish the longest (63 weeks)."""
    if seconds is None:
        return 255
    if seconds <= 12 * HOUR_S:
        return max(0, seconds // 300 - 1)
    if seconds <= 24 * HOUR_S:
        return 143 + (seconds - 12 * HOUR_S) // 1800
    if seconds <= 30 * 24 * HOUR_S:
        return 166 + seconds // (24 * HOUR_S)
    return min(255, 192 + max(5, seconds // (7 * 24 * HOUR_S)))


def read_report(octets: str) -> Report:
    """Decode an SMS-STATUS-REPORT given as hexadecimal digits, centre included. Raises PduError."""
    try:
        pdu = bytes.fromhex(octets)
        pdu = pdu[1 + pdu[0] :]
        kind, number, digits, plan = pdu[0], pdu[1], pdu[2], pdu[3]
        held = -(-digits // 2)
        recipient = "".join(f"{octet & 15:x}{octet >> 4:x}" for octet in pdu[4 : 4 + held])[:digits]
        status = pdu[4 + held + 2 * _DATE_OCTETS]
    except (ValueError, IndexError) as error:
        raise PduError("too short or not hexadecimal; the modem's line is disturbed") from error
    if kind & 0x03 != STATUS_REPORT:
        raise PduError("this is another kind of message; only status reports are routed here")
    return Report(number=number, recipient=("+" if plan == INTERNATIONAL else "") + recipient, status=status)
