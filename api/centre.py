"""Where the centre pushes wishes in: the same inbox as the pull, signed by Standard Webhooks."""

from __future__ import annotations

import json

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from api import callers, problems
from api.callers import Cabinets
from locker import refusals as why
from locker.wire import MAX_BODY_BYTES, Received, Wish, WishesOut

PATH = "/v1/wishes"
BODY_BYTES = MAX_BODY_BYTES
router = APIRouter()


@router.post(
    PATH,
    dependencies=[Depends(callers.centre)],
    summary="Take wishes of the centre",
    description="Signed by Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`), within 300 s.",
    response_model=Received,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"anyOf": [WishesOut.model_json_schema(), Wish.model_json_schema()]},
                    "examples": {
                        "one wish": {
                            "value": {
                                "wish_seq": 7,
                                "wish_id": "w-2b61",
                                "kind": "CancelResult",
                                "seen_through": 48213,
                                "issued_at": "2026-10-08T14:05:09.120Z",
                                "body": {"result_id": "res-91f2", "reason": "returned at the counter"},
                            }
                        }
                    },
                }
            },
        }
    },
    responses=problems.documented(
        problems.NotSignedIn,
        why.OutOfOrder,
        why.ContradictsEarlier,
        why.DoorStandsOpen,
        why.Starting,
        why.ReadOnly,
        why.SafeMode,
    ),
)
async def take(request: Request, running: Cabinets) -> Response:
    body = await request.body()
    _require_signature(running.push_secret, body, dict(request.headers))
    try:
        wishes = _read(body)
    except ValidationError as error:
        return problems.invalid(error.errors())
    running.require_trusted_disk()
    await running.centre.take(wishes)
    received = Received(received_through=running.journal.cabinet.wish_seq)
    return Response(received.model_dump_json(), media_type="application/json")


def _require_signature(secret: str | None, body: bytes, headers: dict[str, str]) -> None:
    """Raise NotSignedIn unless the centre signed exactly this body within the last five minutes."""
    refused = problems.NotSignedIn("sign the body with the push secret of this cabinet, and look at both clocks")
    if secret is None:
        raise refused
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError) as error:
        raise refused from error


def _read(body: bytes) -> list[Wish]:
    """One wish, or a batch. Raises ValidationError."""
    try:
        tree = json.loads(body)
    except ValueError:
        tree = None
    if isinstance(tree, dict) and "wish_seq" in tree:
        return [Wish.model_validate_json(body)]
    return WishesOut.model_validate_json(body).wishes
