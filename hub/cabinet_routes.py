"""What a cabinet calls: facts up, wishes down."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from hub import facts, wishes
from hub.bell import ANYTHING, Bell
from hub.callers import Caller
from hub.chance import Chance
from hub.store import Store
from hub.wishes import Pull
from locker.wire import MAX_BATCH, MAX_INT, MAX_WAIT_S, Acked, CabinetId, EventsIn, EventsOut, WishesOut

Id = Annotated[CabinetId, Path(description="the cabinet's id; its key is the bearer token")]
Cursor = Annotated[int, Query(ge=0, le=MAX_INT, description="answer what comes after this number")]


def routes(*, store: Store, bell: Bell, chance: Chance, caller: Caller) -> APIRouter:
    """Routes under /v1/cabinets/{cabinet}, each for that cabinet only."""
    router = APIRouter(prefix="/v1/cabinets/{cabinet}", dependencies=[Depends(caller)], tags=["cabinet"])

    @router.post("/events")
    async def post_events(cabinet: Id, batch: EventsIn) -> Acked:
        """Take in 1 to 250 facts; answered after the commit. Problems: gap, epoch, contradicts-earlier, ..."""
        through = await store.call(facts.take_in, cabinet, batch, now=chance.now_text())
        bell.ring(ANYTHING)
        return Acked(acked_through=through)

    @router.get("/events")
    async def get_events(
        cabinet: Id,
        after: Cursor = 0,
        epoch: Annotated[
            int | None, Query(ge=1, le=MAX_INT, description="facts sent under this epoch; absent: the present line")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_BATCH)] = MAX_BATCH,
    ) -> EventsOut:
        """Acked facts back, for a recount, and where the centre stands."""
        return await store.call(facts.give_back, cabinet, epoch=epoch, after=after, limit=limit)

    @router.get("/wishes")
    async def get_wishes(
        cabinet: Id,
        after: Cursor = 0,
        wait: Annotated[float, Query(ge=0, le=MAX_WAIT_S, description="seconds to wait for the first")] = 0,
    ) -> WishesOut:
        """Wishes above `after`, in order, at most 100; with `wait` a long poll. Problem: gap (the cabinet is ahead)."""
        pull = Pull(cabinet=cabinet, after=after, wait_s=wait)
        return await wishes.await_news(pull, store=store, bell=bell, now=chance.now_text)

    return router
