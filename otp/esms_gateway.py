"""SMS through eSMS.vn under a registered brand name (developer documentation v2, "Send OTP/Customer care message").

`RequestId` guards against doubles: the same reference goes out once, and a repeat is answered 124. The guard would
take the repeat of a refused message for a success too, so a message that eSMS has refused never goes there again: every
answered refusal is final for it, and the next gateway carries the message. eSMS offers no way to delete a text; its
own terms say how long it is kept.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from otp import errors
from otp.gateway import Capabilities, DeliveryState, DeliveryStatus, Outgoing, Sent
from otp.segments import Encoding, encoding_of

ADDRESS: Final = "https://rest.esms.vn"
SEND: Final = "/MainService.svc/json/SendMultipleMessage_V4_post_json/"
STATUS: Final = "/MainService.svc/json/GetSendStatus"
CUSTOMER_CARE: Final = "2"
TAKEN: Final = "100"
TAKEN_BEFORE: Final = "124"
UNNAMED: Final = "request:"
COUNTRY: Final = "+84"
BUSY: Final = frozenset({429, 503})
FAILED: Final = 400

REFUSALS: Final[Mapping[str, tuple[type[errors.Final], str]]] = {
    "99": (errors.NumberRefused, "eSMS blocks this number; ask eSMS, or call the recipient"),
    "101": (errors.GatewayMisconfigured, "eSMS does not accept the keys; correct [notices.esms]"),
    "102": (errors.GatewayMisconfigured, "the eSMS account has no price list; settle it with eSMS"),
    "103": (errors.GatewayMisconfigured, "the eSMS account is empty; top it up"),
    "104": (errors.GatewayMisconfigured, "eSMS does not know the brand name; correct brandname in [notices.esms]"),
    "108": (errors.NumberRefused, "this is not a phone number; ask the recipient for the right one"),
    "140": (errors.GatewayMisconfigured, "eSMS does not accept this cabinet's address; have it put on eSMS's list"),
    "146": (errors.TextRefused, "this text is not registered for the brand name; register it with eSMS"),
    "177": (errors.TextRefused, "the brand name is not registered with this number's network; register it with eSMS"),
}


@dataclass(frozen=True, slots=True)
class EsmsAccount:
    """Keys of one account. `is_sandbox`: eSMS checks each message and sends none."""

    api_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    brandname: str
    is_sandbox: bool = False
    base_url: str = ADDRESS
    timeout_s: float = 15.0


class EsmsGateway:
    """Owns one HTTP client; `close` it in the same loop."""

    name = "esms"
    capabilities = Capabilities(is_idempotent=True, has_delivery_reports=True, needs_templates=True, max_length=459)

    def __init__(self, account: EsmsAccount) -> None:
        """No connection is made before the first message."""
        self._account = account
        self._client: httpx.AsyncClient | None = None

    async def send(self, message: Outgoing) -> Sent:
        """POST one message. Raises Retryable, Final, OutcomeUnknown; NumberRefused for a foreign number."""
        if not message.recipient.startswith(COUNTRY):
            raise errors.NumberRefused("eSMS sends within Vietnam only; another gateway may carry it")
        account = self._account
        body = {
            "ApiKey": account.api_key,
            "SecretKey": account.secret_key,
            "Brandname": account.brandname,
            "SmsType": CUSTOMER_CARE,
            "Phone": "0" + message.recipient.removeprefix(COUNTRY),
            "Content": message.text,
            "IsUnicode": "1" if encoding_of(message.text) is Encoding.UCS2 else "0",
            "Sandbox": "1" if account.is_sandbox else "0",
            "RequestId": message.reference,
        }
        answer = await self._exchange("POST", SEND, may_have_been_sent=True, json=body)
        code = str(answer.get("CodeResult"))
        if code == TAKEN and answer.get("SMSID"):
            return Sent(str(answer["SMSID"]))
        if code in {TAKEN, TAKEN_BEFORE}:
            return Sent(f"{UNNAMED}{message.reference}")
        if code in REFUSALS:
            cause, advice = REFUSALS[code]
            raise cause(f"{advice} (eSMS {code})", code=int(code))
        number = int(code) if code.isdecimal() else None
        raise errors.GatewayMisconfigured(f"eSMS refused the message ({code}); look its code up", code=number)

    async def status(self, provider_id: str) -> DeliveryStatus:
        """GET how many of the message's one recipient got it. Raises Retryable, Final."""
        if provider_id.startswith(UNNAMED):
            return DeliveryStatus(DeliveryState.WAITING)
        keys = {"RefId": provider_id, "ApiKey": self._account.api_key, "SecretKey": self._account.secret_key}
        answer = await self._exchange("GET", STATUS, may_have_been_sent=False, params=keys)
        if str(answer.get("CodeResponse")) != TAKEN:
            raise errors.GatewayBusy("eSMS does not tell what became of the message; ask again later")
        if _count(answer.get("SendSuccess")):
            return DeliveryStatus(DeliveryState.DELIVERED)
        if _count(answer.get("SendFailed")):
            return DeliveryStatus(
                DeliveryState.FAILED, errors.NumberRefused("eSMS could not deliver it; another gateway may")
            )
        return DeliveryStatus(DeliveryState.WAITING)

    async def find(self, message: Outgoing, *, since_utc_ms: int | None) -> Sent | None:  # noqa: ARG002  by reference
        """Nothing to look up by: sending the same reference again is safe and tells."""
        return None

    async def erase(self, provider_id: str) -> None:
        """Nothing that could be asked of eSMS."""

    async def close(self) -> None:
        """Close the client; harmless when it was never opened."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _exchange(self, method: str, path: str, *, may_have_been_sent: bool, **parts: Any) -> dict[str, Any]:
        if self._client is None:
            self._client = httpx.AsyncClient(base_url=self._account.base_url, timeout=self._account.timeout_s)
        try:
            answer = await self._client.request(method, path, **parts)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise errors.GatewayUnreachable("no connection to the SMS gateway; check the cabinet's network") from error
        except httpx.HTTPError as error:
            raise _lost("no answer from eSMS", may_have_been_sent=may_have_been_sent) from error
        if answer.status_code in BUSY:
            raise errors.GatewayBusy(f"eSMS answered {answer.status_code}; wait")
        if answer.status_code >= FAILED:
            raise _lost(f"eSMS answered {answer.status_code}", may_have_been_sent=may_have_been_sent)
        try:
            read = json.loads(answer.content)
        except ValueError as error:
            raise _lost("eSMS's answer cannot be read", may_have_been_sent=may_have_been_sent) from error
        if not isinstance(read, dict) or not {"CodeResult", "CodeResponse"} & read.keys():
            raise _lost("eSMS's answer cannot be read", may_have_been_sent=may_have_been_sent)
        return read


def _lost(reason: str, *, may_have_been_sent: bool) -> errors.SmsError:
    if may_have_been_sent:
        return errors.OutcomeUnknown(f"{reason}; the same reference is sent again, which tells")
    return errors.GatewayBusy(f"{reason}; ask again later")


def _count(value: object) -> int:
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()) else 0
