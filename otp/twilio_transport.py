"""The HTTP side of Twilio's async client, with what its own lacks.

`AsyncTwilioHttpClient` of twilio 9.13 ignores its own time-out, hands aiohttp a deprecated `auth`, keeps the last
request (a phone and a code) in memory and logs queries. This one takes only its session, sends the same request, and
raises the errors of this package: what left, and what did not, is known here and nowhere above. Slow to import: only a
cabinet that sends through Twilio imports it, in a thread.
"""

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import twilio.rest.api.v2010.account.call  # type: ignore[import-untyped]  # no types; loaded early, see above
import twilio.rest.api.v2010.account.message  # type: ignore[import-untyped]  # no types; loaded early, see above
from twilio.http.async_http_client import AsyncTwilioHttpClient  # type: ignore[import-untyped]  # no types
from twilio.http.response import Response  # type: ignore[import-untyped]  # no types

from otp import errors
from otp.twilio_errors import translate

_FAILED = 300
_CONNECT_S = 5.0


class Transport(AsyncTwilioHttpClient):  # type: ignore[misc]  # its base has no types
    """Owns one aiohttp session; make it inside the running loop and close it there."""

    def __init__(self, *, base_url: str | None, timeout_s: float) -> None:
        """`base_url` replaces scheme, host and port of every request (None: Twilio's own)."""
        super().__init__(timeout=timeout_s)
        self._base_url = base_url.rstrip("/") if base_url else None
        self._limits = aiohttp.ClientTimeout(total=timeout_s, connect=min(_CONNECT_S, timeout_s))

    async def request(self, method: str, url: str, **parts: Any) -> Response:
        """One exchange; `parts` are the params, data, headers and auth that Twilio's client names.

        Raises Retryable, Final or, for a POST that may have been taken, OutcomeUnknown.
        """
        is_send = method.upper() == "POST"
        headers = dict(parts.get("headers") or {})
        if parts.get("auth"):
            headers["Authorization"] = aiohttp.encode_basic_auth(*parts["auth"])
        try:
            async with self.session.request(
                method,
                self._address(url),
                params=parts.get("params"),
                data=parts.get("data"),
                headers=headers,
                timeout=self._limits,
                allow_redirects=False,
            ) as answer:
                body = await answer.text()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise errors.GatewayUnreachable("no connection to the SMS gateway; check the cabinet's network") from error
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError) as error:
            if is_send:
                raise errors.OutcomeUnknown(
                    "no answer from Twilio; look the message up before sending again"
                ) from error
            raise errors.GatewayUnreachable("no answer from the SMS gateway; try again later") from error
        if answer.status >= _FAILED:
            raise translate(
                answer.status,
                _code_of(body),
                retry_after_ms=_retry_after_ms(answer.headers.get("Retry-After")),
                may_have_been_sent=is_send,
            )
        return Response(answer.status, body, answer.headers)

    def messages(self, account_sid: str, auth_token: str) -> Any:
        """Twilio's message resource of one account, over this session."""
        return twilio.rest.Client(account_sid, auth_token, http_client=self).messages

    def calls(self, account_sid: str, auth_token: str) -> Any:
        """Twilio's call resource of one account, over this session."""
        return twilio.rest.Client(account_sid, auth_token, http_client=self).calls

    def _address(self, url: str) -> str:
        if self._base_url is None:
            return url
        parts = urlsplit(url)
        return self._base_url + parts.path + (f"?{parts.query}" if parts.query else "")


def _code_of(body: str) -> int | None:
    """Twilio's own error code of an answer, old shape or RFC 9457."""
    try:
        code = json.loads(body).get("code")
    except (ValueError, AttributeError):
        return None
    return code if isinstance(code, int) else None


def _retry_after_ms(value: str | None) -> int | None:
    """Only the form in seconds; a date would need a trusted clock."""
    return int(value) * 1000 if value is not None and value.isdecimal() else None
