"""A member of staff chooses a password: at the desk, or in place of one that somebody else typed for them."""

from __future__ import annotations

import asyncio
import os

from api import enrolment
from api.running import Running
from api.sessions import Member
from locker.events import PasswordChanged, PutPersonal
from locker.model import StaffMember
from locker.refusals import WeakPassword
from locker.rules import enrolment as rules
from otp import staff


async def choose(running: Running, user: str, *, wanted: str, password: str, code: str, name: str = "") -> Member:
    """Prove a member by the password before, and keep the one wanted, from now on and after a restart.

    `name` is the member's where it is known who asks; else it is looked at only once they have proved it, so that
    nobody learns who works here. Raises as `SignIn.check`, WeakPassword.
    """
    if wanted == password:
        raise WeakPassword("same")
    enrolment.require_good(wanted, user=user, name=name, cabinet=running.config.cabinet)
    before = running.journal.cabinet.staff.get(user, StaffMember()).record
    member = await running.sign_in.check(user=user, password=password, code=code, takes_initial=True)
    enrolment.require_good(wanted, user=user, name=member.name, cabinet=running.config.cabinet)
    entry = (await running.roster.current())[user]
    hashed = await asyncio.to_thread(staff.hash_password, wanted, hasher=running.sign_in.hasher)
    record = f"staff-{os.urandom(12).hex()}"
    changed = entry.model_copy(update={"password_hash": hashed, "password_is_initial": False})
    row = PutPersonal(
        ref=record, kind=rules.KIND, body=enrolment.as_kept(changed, record, device_key=running.device_key)
    )
    fact = PasswordChanged(user=user, record=record)
    await running.record(lambda cabinet, *_: rules.change_password(cabinet, fact, row, before=before))
    return member
