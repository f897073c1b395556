"""Finding the boards on a page, before anything is configured: `dossier-locker find-boards WHERE FILE --page`.

The page is served on loopback, under a key that is drawn for it and printed with its address. Only reads are sent, and
only the file is written that was named on the command line.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from pydantic import Field

from api import callers, page_files, problems, wiring_file
from api.bodies import Body, Nothing
from api.guard import Guard
from api.run import bind, server_of, stopped_by_signals
from hw.errors import Fault
from hw.finding import FoundBoard
from locker.config import LOOPBACK, Listener
from locker.refusals import WrongStage


class Asked(Body):
    """Where boards are looked for, up to which unit id, and how many doors stand in a row."""

    where: Annotated[str, Field(min_length=1, max_length=300, examples=["/dev/dossier-bus"])]
    ids: Annotated[int, Field(ge=1, le=247)] = 32
    columns: Annotated[int, Field(ge=1, le=40)] = 4


class Chosen(Body):
    """How many doors stand in a row, and by "place of the bus/place of the board" which of several alike it is."""

    columns: Annotated[int, Field(ge=1, le=40)]
    profiles: dict[str, str] = Field(default_factory=dict)


@dataclass
class Search:
    """What was asked and found. `problem` says in a sentence why nothing was; `why_none` of each place without any."""

    file: Path
    asked: Asked
    buses: tuple[wiring_file.FoundBus, ...] = ()
    why_none: tuple[str, ...] = ()
    problem: str = ""
    is_over: bool = False
    is_written: bool = False
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def is_busy(self) -> bool:
        """Whether boards are being asked now."""
        return self.task is not None and not self.task.done()

    def begin(self, asked: Asked) -> None:
        """Ask again from the beginning. Raises WrongStage while it is asked already."""
        if self.is_busy:
            raise WrongStage("boards are being asked; wait for the answer")
        self.asked, self.buses, self.why_none, self.problem, self.is_over = asked, (), (), "", False
        self.task = asyncio.create_task(self._look(), name="find boards")

    async def _look(self) -> None:
        try:
            self.buses, self.why_none = await wiring_file.found_by(self.asked.where, ids=self.asked.ids)
        except (Fault, ValueError) as error:
            self.problem = str(error)
        self.is_over = True

    def write(self, chosen: Chosen) -> None:
        """Write the wiring. Raises WrongStage when nothing was found, or the file is there already."""
        if not self.buses:
            raise WrongStage("no boards were found yet; find them first")
        buses = []
        for at, bus in enumerate(self.buses):
            boards = (_as(board, chosen.profiles.get(f"{at}/{place}", "")) for place, board in enumerate(bus.boards))
            buses.append(replace(bus, boards=tuple(boards)))
        try:
            with self.file.open("x", encoding="utf-8") as file:
                file.write(wiring_file.text_of(buses, columns=chosen.columns))
        except FileExistsError:
            raise WrongStage(f"{self.file} exists; end this and name another file") from None
        self.is_written = True

    def told(self) -> dict[str, Any]:
        """What the page shows."""
        return {
            "file": str(self.file),
            **self.asked.model_dump(),
            "is_busy": self.is_busy,
            "is_over": self.is_over,
            "is_written": self.is_written,
            "problem": self.problem,
            "why_none": list(self.why_none),
            "buses": [
                {"keys": _keys(bus.keys), "boards": [_board(board) for board in bus.boards]} for bus in self.buses
            ],
        }


def _as(board: FoundBoard, profile: str) -> FoundBoard:
    """The board with this profile first, if it is one that answers so."""
    if profile not in board.profiles:
        return board
    return replace(board, profiles=(profile, *(one for one in board.profiles if one != profile)))


def _keys(text: str) -> Mapping[str, str]:
    """Keys of a [[bus]] by name."""
    return {key: value.strip('"') for key, _, value in (line.partition(" = ") for line in text.splitlines())}


def _board(board: FoundBoard) -> dict[str, Any]:
    return {
        "unit_id": board.unit_id,
        "version": board.version,
        "profiles": list(board.profiles),
        "doors": {name: wiring_file.doors_of(_as(board, name)) for name in board.profiles},
    }


def create_app(search: Search, key: str) -> Guard:
    """The page under `/KEY/`, and its three questions."""
    app = FastAPI(title="Finding boards", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    problems.tell(app)
    files = page_files.read_pages(page_files.PAGES / "clerk", page_files.PAGES / "shared")
    router = APIRouter(prefix=f"/{key}", dependencies=[Depends(callers.anonymous)])

    @router.get("/")
    async def page(request: Request) -> Response:
        return page_files.serve(files, "clerk/finding.html", request)

    @router.get("/search")
    async def look() -> dict[str, Any]:
        return search.told()

    @router.post("/search")
    async def begin(body: Asked) -> dict[str, Any]:
        search.begin(body)
        return search.told()

    @router.post("/file")
    async def write(body: Chosen) -> Nothing:
        search.write(body)
        return Nothing()

    app.include_router(router)
    app.include_router(page_files.routes(files))
    return Guard(callers.require_declared(app), hosts=LOOPBACK, new_id=lambda: os.urandom(12).hex(), asks_mark=True)


async def serve(file: Path, asked: Asked, *, port: int, tell: Callable[[str], None]) -> None:
    """The page until SIGINT or SIGTERM; its address is told. Raises CannotStartError."""
    stop, key = stopped_by_signals(), os.urandom(16).hex()
    search = Search(file=file, asked=asked)
    bound = bind(Listener(port=port))
    server = server_of(create_app(search, key), bound)
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve(sockets=[bound.socket]), name="listener")
        tell(f"open {bound.url}/{key}/ on this computer, or through `ssh -L`; Ctrl-C ends")
        await stop.wait()
        server.should_exit = True
        if search.task is not None:
            search.task.cancel()
