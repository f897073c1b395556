"""What a modem's error numbers mean for a message, and what the status that a centre reports means.

`+CMS ERROR` by 3GPP TS 27.005, 3.2.5 and TS 24.011, Annex E; `+CME ERROR` by TS 27.007, 9.2; status by
TS 23.040, 9.2.3.15.
"""

from collections.abc import Mapping
from typing import Final

from otp import errors
from otp.gateway import DeliveryState, DeliveryStatus

SIM_BUSY_MS: Final = 10_000

_NO_NUMBER: Final = "this number gets no messages; ask the recipient for the right one"
_SIM: Final = "the modem's SIM card is missing, locked or worn; put it in, check pin_file in [notices.modem]"
_BARRED: Final = "the SIM may not send: no credit, or barred; top it up or ask its operator"
_NETWORK: Final = "the mobile network is out of order here for now; wait, and check the aerial"

CMS: Final[Mapping[int, tuple[type[errors.Retryable | errors.Final], str]]] = {
    1: (errors.NumberRefused, _NO_NUMBER),
    8: (errors.GatewayMisconfigured, _BARRED),
    10: (errors.GatewayMisconfigured, _BARRED),
    17: (errors.GatewayBusy, _NETWORK),
    22: (errors.GatewayBusy, _NETWORK),
    27: (errors.HandsetUnreachable, "the phone is off or out of reach; try later"),
    28: (errors.NumberRefused, _NO_NUMBER),
    30: (errors.NumberRefused, _NO_NUMBER),
    38: (errors.GatewayBusy, _NETWORK),
    41: (errors.GatewayBusy, _NETWORK),
    42: (errors.GatewayBusy, _NETWORK),
    47: (errors.GatewayBusy, _NETWORK),
    50: (errors.GatewayMisconfigured, _BARRED),
    69: (errors.GatewayMisconfigured, _BARRED),
    310: (errors.GatewayMisconfigured, _SIM),
    311: (errors.GatewayMisconfigured, _SIM),
    312: (errors.GatewayMisconfigured, _SIM),
    313: (errors.GatewayMisconfigured, _SIM),
    314: (errors.GatewayBusy, "the SIM card is not ready yet; wait"),
    315: (errors.GatewayMisconfigured, _SIM),
    316: (errors.GatewayMisconfigured, _SIM),
    330: (errors.GatewayMisconfigured, "the SIM names no message centre; set it once with AT+CSCA"),
    331: (errors.GatewayBusy, _NETWORK),
}
CME: Final[Mapping[int, tuple[type[errors.Retryable | errors.Final], str]]] = {
    10: (errors.GatewayMisconfigured, _SIM),
    11: (errors.GatewayMisconfigured, _SIM),
    12: (errors.GatewayMisconfigured, _SIM),
    13: (errors.GatewayMisconfigured, _SIM),
    14: (errors.GatewayBusy, "the SIM card is not ready yet; wait"),
    15: (errors.GatewayMisconfigured, _SIM),
    16: (errors.GatewayMisconfigured, "the SIM's PIN is wrong; correct pin_file in [notices.modem] before it locks"),
    30: (errors.GatewayBusy, _NETWORK),
    31: (errors.GatewayBusy, _NETWORK),
}
NETWORK_TIMEOUT: Final = 332
_TAKEN_UP_TO: Final = 0x1F
_TRYING_UP_TO: Final = 0x3F
_FOR_GOOD_UP_TO: Final = 0x5F
_EXPIRED: Final = 0x46


def meaning_of(kind: str, code: int | None) -> errors.SmsError:
    """The error of a refused command; `kind` is `CMS`, `CME` or `ERROR`. What is not listed may be tried twice more."""
    if kind == "CMS" and code == NETWORK_TIMEOUT:
        return errors.OutcomeUnknown("the network did not answer; it may have taken the message", code=code)
    found = (CME if kind == "CME" else CMS).get(code) if code is not None else None
    if found is None:
        return errors.GatewayBusy(f"the modem refused ({kind} {code}); look the number up", code=code, tries=2)
    cause, advice = found
    message = f"{advice} ({kind} {code})"
    if issubclass(cause, errors.Retryable):
        return cause(message, code=code, retry_after_ms=SIM_BUSY_MS if code in {14, 314} else None)
    return cause(message, code=code)


def delivery_of(status: int) -> DeliveryStatus:
    """What a centre's TP-ST says about one part."""
    if status <= _TAKEN_UP_TO:
        return DeliveryStatus(DeliveryState.DELIVERED)
    if status <= _TRYING_UP_TO:
        return DeliveryStatus(DeliveryState.WAITING)
    if status <= _FOR_GOOD_UP_TO and status != _EXPIRED:
        failure: errors.SmsError = errors.NumberRefused(f"{_NO_NUMBER} (status {status})", code=status)
    else:
        failure = errors.HandsetUnreachable(
            f"the phone stayed off or out of reach (status {status}); try once more", code=status, tries=1
        )
    return DeliveryStatus(DeliveryState.FAILED, failure)
