"""`commission --board NAME` at the terminal: leads through the exchange of one board while the service runs."""

from __future__ import annotations

import json
from typing import Any

from api import control
from api.commission import END, Abandoned, Terminal, advice
from locker.config import Config
from locker.rules.commissioning import Finding


async def commission_board(config: Config, board: str, terminal: Terminal) -> None:
    """Until every door of the board is good and it serves, or the technician ends it.

    Raises Abandoned, control.NotRunningError.
    """
    user = await terminal.ask("Your user name")
    password = await terminal.ask("Password", hidden=True)
    code = await terminal.ask("Six digits of the authenticator, or a recovery code")
    begun = await _told(config, "swap-begin", board=board, user=user, password=password, code=code)
    token, doors = begun["token"], begun["doors"]
    held = [str(door["number"]) for door in doors if door["may_hold"]]
    if held:
        terminal.tell(f"something may lie in {', '.join(held)}: a clerk signs in at the cabinet and stays beside you")
    await terminal.ask(f"Board {board} is out, the others serve. Exchange it, same unit id, then press Enter")
    todo = [int(door["number"]) for door in doors]
    while todo:
        bad = [number for number in todo if not await _try(config, terminal, token, number)]
        if bad and await terminal.ask(f"Mend that and press Enter to try again, or type {END}") == END:
            raise Abandoned(f"board {board} stays out of service; begin again with `commission --board {board}`")
        todo = bad
    await _told(config, "swap-end", token=token)
    terminal.tell(f"board {board} serves again")


async def _try(config: Config, terminal: Terminal, token: str, number: int) -> bool:
    """One trial; whether the door was found good."""
    reply = await _asked(config, "swap-try", token=token, number=number)
    if "error" in reply:
        terminal.tell(f"! door {number}: {reply['error']}")
        return False
    while reply["finding"] is None:
        typed = await terminal.ask(
            f"Door {number} opened? Take nothing out, shut it, then Enter. Another one opened: its number. None: 0"
        )
        if typed and not typed.isdecimal():
            continue
        seen = await _asked(config, "swap-seen", token=token, opened=int(typed or number))
        if "error" in seen:
            terminal.tell(f"! {seen['error']}")
        else:
            reply = seen
    finding = Finding(**reply["finding"])
    if finding.kind != "good":
        terminal.tell("! " + advice(config, finding))
    return finding.kind == "good"


async def _asked(config: Config, command: str, **fields: Any) -> dict[str, Any]:
    return await control.ask(config.storage.control, f"{command} {json.dumps(fields)}")


async def _told(config: Config, command: str, **fields: Any) -> dict[str, Any]:
    reply = await _asked(config, command, **fields)
    if "error" in reply:
        raise Abandoned(str(reply["error"]))
    return reply
