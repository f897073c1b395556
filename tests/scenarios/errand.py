"""One result's way from the clerk's hand to the citizen's, told by people who go on after every cut.

They do the next sensible thing that the pages and the doors show them, so the same story can be cut anywhere. They
write down what was acknowledged to them: a screen, an answer. Afterwards the journal must hold all of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from simulator.players import StoryBroken, until
from tests.scenarios.cut import Cut
from tests.scenarios.office import Member, Office, phone, result

Fact = Mapping[str, Any]


@dataclass
class Errand:
    """`number` names the result; the clerk is an own one, whose authenticator has three fresh codes."""

    office: Office
    number: int
    cut: Cut
    was_put: bool = False
    is_signed_in: bool = False
    code: str = ""
    hand_over: str = ""
    compartment: int = 0
    acknowledged: list[dict[str, Any]] = field(default_factory=list)
    cuts: int = 0
    movement: asyncio.Future[Any] | None = None

    @property
    def label(self) -> str:
        return str(result(self.number)["dossier_code"])

    async def clerk(self) -> Member:
        return await self.office.member(2 + self.number % (len(self.office.staff) - 2))

    # --- going on after a cut

    async def run(self) -> None:
        """Until the envelope is with the citizen and nothing is open, on record or uncertain. Raises StoryBroken."""
        self.office.clerk = await self.clerk()
        is_over = False
        while not is_over:
            told = asyncio.create_task(self._tell())
            died = asyncio.create_task(self.office.parts["controller"].process.wait())
            await asyncio.wait({told, died}, return_when=asyncio.FIRST_COMPLETED)
            if not died.done() and not isinstance(told.exception(), httpx.TransportError):
                died.cancel()
                await asyncio.gather(died, return_exceptions=True)
                told.result()
                return
            async with asyncio.timeout(10):
                await died
            told.cancel()
            (ended,) = await asyncio.gather(told, return_exceptions=True)
            if isinstance(ended, AssertionError | StoryBroken):
                raise ended
            is_over = ended is None
            await self._come_back()

    async def _come_back(self) -> None:
        """Power is back: nothing may have moved by itself."""
        self.cuts += 1
        self.cut.cancel()
        self.is_signed_in = False
        if self.movement is not None:
            await self.movement
        await until("no lock draws current", self._is_dead)
        before = await self.office.pulses()
        fresh = self.office.clerk.fresh
        await self.office.restart(environment=self.cut.environment)
        self.office.clerk = await self.clerk()
        assert self.office.clerk.fresh is fresh
        assert await self.office.pulses() == before, "a door was pulsed after the restart without anybody asking"

    async def _is_dead(self) -> bool:
        return not any(door["is_energised"] for door in (await self.office.steel.state())["doors"])

    def _was_told(self, kind: str, **fields: Any) -> None:
        self.acknowledged.append({"type": kind, **fields})

    # --- the story, from wherever it stands

    async def _tell(self) -> None:
        if not self.is_signed_in:
            await self._arrive()
        while not await self._is_loaded():
            pass
        if (await self.office.clerk.snapshot())["round"] is not None:
            await self.office.clerk.done("round/close")
            self._was_told("RoundClosed", actor=self.office.clerk.person.user)
        while not await self._is_collected():
            pass
        await self._clear()

    async def _arrive(self) -> None:
        clerk = self.office.clerk
        await clerk.sign_in()
        self._was_told("SignedIn", actor=clerk.person.user)
        await clerk.show_presence()
        self._was_told("PresenceProved", actor=clerk.person.user)
        self.is_signed_in = True

    async def _place(self) -> tuple[int, str]:
        """In which door the envelope lies, and how that door stands; 0 when it is in somebody's hand."""
        doors = (await self.office.steel.state())["doors"]
        return next(((door["number"], door["position"]) for door in doors if self.label in door["content"]), (0, ""))

    async def _record(self) -> dict[str, Any] | None:
        here = (await self.office.clerk.snapshot())["in_cabinet"]
        return next((one for one in here if self.label in one["dossiers"]), None)

    # --- the clerk

    async def _is_loaded(self) -> bool:
        number, position = await self._place()
        if not number and self.was_put:
            return True
        record = await self._record()
        if record is not None and record["stage"] == "loaded":
            self._was_told("Loaded", hand_over=record["hand_over"])
            return True
        if number:
            self.was_put = True
            if position != "closed":
                await self._hand(self.office.steel.act(number, "push"))
            return await self._is_seen_loaded(number)
        if record is None:
            answer = await self.office.clerk.done("loads", scan=self.label)
            self.hand_over, self.compartment = answer["hand_over"], int(answer["compartment"])
            self._was_told("LoadStarted", hand_over=self.hand_over)
            self._was_told("GrantIssued", hand_over=self.hand_over, purpose="load")
        else:
            self.hand_over, self.compartment = record["hand_over"], int(record["compartment"])
            if (await self.office.steel.door(self.compartment))["position"] == "closed":
                await self.office.clerk.done(f"loads/{self.hand_over}/reopen")
        await self.office.steel.until_sprung(self.compartment)
        await self._hand(self._put_in())
        return await self._is_seen_loaded(self.compartment)

    async def _put_in(self) -> None:
        steel = self.office.steel
        await steel.act(self.compartment, "pull")
        await steel.act(self.compartment, "put", {"label": self.label})
        self.was_put = True
        await steel.act(self.compartment, "push")

    async def _hand(self, movement: Coroutine[Any, Any, Any]) -> None:
        """A hand finishes its movement, whatever the controller does."""
        self.movement = asyncio.ensure_future(movement)
        await asyncio.shield(self.movement)

    async def _is_seen_loaded(self, number: int) -> bool:
        async def stage() -> bool:
            record = await self._record()
            return record is not None and record["stage"] == "loaded"

        if await self._happens(stage):
            self._was_told("Loaded", hand_over=self.hand_over)
            return True
        await self.office.clerk.until_shut(number)
        if not await stage():
            await self.office.clerk.look_into(number, self.office.steel)
        return await self._happens(stage)

    async def _happens(self, look: Callable[[], Awaitable[Any]], *, within_s: float = 1.5) -> bool:
        try:
            await until("it happens by itself", look, within_s=within_s)
        except StoryBroken:
            return False
        return True

    # --- the citizen

    async def _is_collected(self) -> bool:
        number, position = await self._place()
        if not number:
            return True
        if position == "closed":
            self.code = self.code or await self.office.steel.code_for(phone(self.number))
            answer = await self.office.kiosk.type_code(self.code)
            if answer.status_code == 403 and answer.json()["type"].endswith("second-check-needed"):
                answer = await self.office.kiosk.type_code(self.code, second=phone(self.number)[-4:])
            assert answer.is_success, f"the right code of an envelope inside is refused: {answer.text}"
            self._was_told("CodeAccepted", visit=self.office.kiosk.visit)
            await self.office.steel.until_sprung(number)
        await self._hand(self._take_out(number))
        kiosk = self.office.kiosk
        if (await kiosk.snapshot())["visit"] is None:
            return True
        closed = await kiosk.door("closed")
        self._was_told("Collected", hand_over=closed["hand_over"])
        (await kiosk.press("answers", hand_over=closed["hand_over"], said="received_all")).raise_for_status()
        self._was_told("ReceiptConfirmed", hand_over=closed["hand_over"])
        (await kiosk.press("leave")).raise_for_status()
        self._was_told("VisitEnded", visit=kiosk.visit)
        return True

    async def _take_out(self, number: int) -> None:
        steel = self.office.steel
        await steel.act(number, "pull")
        taken = (await steel.act(number, "take")).json()
        assert taken == [self.label]
        await steel.act(number, "push")

    # --- what is left over

    async def _clear(self) -> None:
        """The citizen has it. Doors are shut; what the page still calls inside, the clerk looks into."""
        clerk, steel = self.office.clerk, self.office.steel
        for door in (await steel.state())["doors"]:
            if door["position"] != "closed":
                await self._hand(steel.act(door["number"], "push"))

        async def gone() -> bool:
            return await self._record() is None

        while not await self._happens(gone):
            record = await self._record()
            if record is not None:
                await clerk.until_shut(int(record["compartment"]))
            if record is not None and not await gone():
                await clerk.look_into(int(record["compartment"]), steel)
        for incident in await clerk.incidents():
            raise StoryBroken(f"an incident nobody caused: {incident}")
        if self.code:
            refused = await self.office.kiosk.type_code(self.code)
            assert refused.status_code in (403, 429), "a spent code opened a door"


def missing(acknowledged: Iterable[Fact], facts: Sequence[Fact]) -> list[Fact]:
    """What was acknowledged and stands in no fact."""
    return [one for one in acknowledged if not any(all(fact.get(key) == one[key] for key in one) for fact in facts)]
