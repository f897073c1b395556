"""The text of one notice, made at the moment it is sent and never kept.

Names, phones and dossier codes come from erasable rows, the code from its seal. What is gone makes no message: `NoText`
says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import apsw
import msgspec

from locker import rows, views
from locker.clock import is_plausible
from locker.config import CabinetSection
from locker.model import Cabinet, Notice
from locker.rules.standing import address_of
from locker.rules.texts import in_use
from otp import codes, sealing, spoken
from otp.errors import OtpError
from otp.gateway import Outgoing
from otp.texts import Texts, render

VALID_SECONDS = 36_000
OTP_SECONDS = 300
CODE_PARTS = 3
OF_THOSE_INSIDE = frozenset({"REMIND", "APOLOGY_FAULT", "MOVED", "LOWERED"})
PHONE_TAIL = 3
TIME_NOT_KNOWN = {"vi": "(gio chua xac nhan)", "en": "(time unconfirmed)"}
DAY_NOT_KNOWN = {"vi": "lam viec toi", "en": "the next working day"}


class NoText(Exception):
    """There is no message to send.

    `cause`: no_phone, code_over, check_over, nothing_inside, loaded_meanwhile, incident_closed, serves_again,
    seal_broken, text. `is_over`: nothing is wrong; what it was to speak of is over.
    """

    def __init__(self, cause: str) -> None:
        self.cause = cause
        over = ("nothing_inside", "loaded_meanwhile", "incident_closed", "serves_again", "check_over")
        self.is_over = cause in over
        super().__init__(cause)


class Material(msgspec.Struct, frozen=True):
    """What a text needs and the journal keeps apart from the facts; empty parts are erased or were never there."""

    phone: str
    language: str
    dossiers: tuple[str, ...]
    sealed: bytes
    tracking: str = ""
    intake: views.IntakeWords | None = None
    filed: str = ""
    delegate: str = ""


@dataclass(frozen=True, slots=True)
class Writer:
    """Makes messages of one cabinet. `staff_phones`: numbers of those on call, by the ref their notices name.
    `needs_registration`: only texts that the provider has registered go out. `otp_of`: the digits of a phone check that
    is still good, by the ref of its person.
    """

    texts: Texts
    device_key: bytes
    cabinet: CabinetSection
    staff_phones: Mapping[str, str] = field(default_factory=dict)
    otp_of: Callable[[str], str] = field(default=lambda _person: "")
    needs_registration: bool = False

    def write(self, cabinet: Cabinet, notice: Notice, material: Material) -> Outgoing:
        """The message as it goes out. Raises NoText."""
        phone = self.staff_phones.get(notice.person, material.phone)
        if not phone:
            raise NoText("no_phone")
        values = self._values(cabinet, notice, material)
        texts = in_use(self.texts, cabinet, needs_registration=self.needs_registration)
        try:
            wanted = texts.get((notice.template, material.language)) or texts[notice.template, "vi"]
            named = {key: values.get(key, "") for key in wanted.variables}
            rendered = render(texts, notice.template, material.language, named)
        except (OtpError, KeyError) as error:
            raise NoText("text") from error
        return Outgoing(
            reference=notice.notice,
            recipient=phone,
            text=rendered.text,
            valid_seconds=OTP_SECONDS if notice.template == "OTP" else VALID_SECONDS,
            provider_template=rendered.provider_template,
            spoken=self._spoken(values["code"], rendered.language) if "code" in values else (),
            language=rendered.language,
        )

    def _spoken(self, code: str, language: str) -> tuple[str, ...]:
        office = self.cabinet.office_en if language == "en" else self.cabinet.office_vi
        return spoken.code(code, office, language)

    def _values(self, cabinet: Cabinet, notice: Notice, material: Material) -> Mapping[str, str]:
        deadlines = [cabinet.results[key].deadline for key in named_results(cabinet, notice) if key in cabinet.results]
        values = {
            "office": self.cabinet.sms_name,
            "address": address_of(cabinet.standing, self.cabinet.address),
            "place": address_of(cabinet.standing, self.cabinet.address),
            "hotline": self.cabinet.hotline,
            "count": str(len(named_results(cabinet, notice))),
            "dossier": _named(material.dossiers, material.language),
            "tracking": material.tracking,
            "until": _day(min(deadlines)) if deadlines else "",
            "at": self._at(notice.queued_utc_ms, material.language),
            "tail": material.delegate[-PHONE_TAIL:],
        }
        if (intake := material.intake) is not None:
            values |= {
                "bag": intake.bag,
                "dossier": material.filed or intake.bag,
                "at": self._at(intake.sent_utc_ms, material.language),
                "day": _day_of(intake.appointment or intake.promised, material.language),
            }
        if notice.template == "OTP":
            values["otp"] = self._otp(notice)
        if notice.code:
            values["code"] = self._code(cabinet, notice, material)
        if notice.template == "LEADER_LOW":
            values["count"] = str(notice.count)
        if notice.incident:
            values |= self._incident(cabinet, notice, material.language)
        return values

    def _otp(self, notice: Notice) -> str:
        digits = self.otp_of(notice.person)
        if not digits:
            raise NoText("check_over")
        return digits

    def _incident(self, cabinet: Cabinet, notice: Notice, language: str) -> dict[str, str]:
        """Raises NoText when somebody has seen to it meanwhile."""
        incident = cabinet.incidents.get(notice.incident)
        if incident is None:
            raise NoText("incident_closed")
        return {
            "incident": str(incident.incident),
            "compartment": str(incident.compartment),
            "count": str(notice.count),
            "at": self._at(incident.opened_utc_ms, language),
            "ticket": str(incident.incident),
            "by": self._at(incident.due_utc_ms, language),
        }

    def _at(self, utc_ms: int, language: str) -> str:
        if not is_plausible(utc_ms):
            return TIME_NOT_KNOWN.get(language, TIME_NOT_KNOWN["vi"])
        at = datetime.fromtimestamp(utc_ms / 1000, UTC)
        return at.astimezone(ZoneInfo(self.cabinet.timezone)).strftime("%H:%M %d/%m/%Y")

    def _code(self, cabinet: Cabinet, notice: Notice, material: Material) -> str:
        bundle = cabinet.bundles.get(notice.bundle)
        if not material.sealed or bundle is None or not bundle.selector or notice.code not in cabinet.codes:
            raise NoText("code_over")
        try:
            secret = sealing.unseal(self.device_key, material.sealed, context=notice.code).decode()
        except OtpError as error:
            raise NoText("seal_broken") from error
        return codes.group(codes.compose(bundle.selector, secret))


def named_results(cabinet: Cabinet, notice: Notice) -> tuple[str, ...]:
    """The results a notice speaks of; with a code, or of what waits inside, those still inside. Raises NoText if none
    is.
    """
    if notice.template == "COUNTER_INSTEAD":
        return _outside(cabinet, notice)
    if notice.template == "APOLOGY_FAULT" and cabinet.standing.stage == "open":
        raise NoText("serves_again")
    if not notice.code and notice.template not in OF_THOSE_INSIDE:
        return notice.results
    inside = {
        result
        for one in cabinet.hand_overs.values()
        if one.stage == "loaded" and not one.is_cancelled
        for result in one.results
    }
    left = tuple(result for result in notice.results if result in inside)
    if not left:
        raise NoText("nothing_inside")
    return left


def _outside(cabinet: Cabinet, notice: Notice) -> tuple[str, ...]:
    known = [cabinet.results[key] for key in notice.results if key in cabinet.results]
    left = tuple(one.result for one in known if not one.hand_over and not one.is_cancelled)
    if not left:
        raise NoText("loaded_meanwhile")
    return left


def gather(connection: apsw.Connection, cabinet: Cabinet, notice: Notice) -> Material:
    """The erasable rows of a notice. Raises NoText when nothing it speaks of is inside any more."""
    person = rows.personal(connection, notice.person) or {}
    dossiers, tracking = [], ""
    for key in named_results(cabinet, notice):
        result = cabinet.results.get(key)
        body = rows.personal(connection, result.dossier if result is not None else f"d-{key}")
        if body is not None:
            dossiers.append(body.get("code", ""))
            tracking = body.get("tracking", "")
    intake = views.intake_words(connection, notice.intake) if notice.intake else None
    filed = (rows.personal(connection, intake.dossier) or {}) if intake is not None else {}
    code = rows.code(connection, notice.code) if notice.code else None
    known = [cabinet.results[key] for key in notice.results if key in cabinet.results]
    is_delegates = any(notice.person == one.delegate for one in known)
    language = next((one.language for one in known if not is_delegates), None)
    return Material(
        phone=next(iter(numbers_of(person)[notice.phone :]), ""),
        language=language or person.get("language", "vi"),
        dossiers=tuple(dossiers),
        tracking=tracking,
        sealed=code.sealed if code is not None else b"",
        intake=intake,
        filed=filed.get("code", ""),
        delegate=_delegates_phone(connection, cabinet, notice),
    )


def numbers_of(person: Mapping[str, str]) -> list[str]:
    """The numbers on a personal row; an organisation has several."""
    return [number for number in (person.get("phone", ""), *person.get("more_phones", "").split()) if number]


def _delegates_phone(connection: apsw.Connection, cabinet: Cabinet, notice: Notice) -> str:
    refs = [cabinet.results[key].delegate for key in notice.results if key in cabinet.results]
    return "" if not refs else (rows.personal(connection, refs[0]) or {}).get("phone", "")


def _named(dossiers: tuple[str, ...], language: str) -> str:
    """The dossier's tail as people know it; several are named by the first and a count."""
    if not dossiers:
        return ""
    parts = dossiers[0].rsplit("-", CODE_PARTS - 1)
    tail = "-".join(parts[1:]) if len(parts) == CODE_PARTS else dossiers[0]
    others = len(dossiers) - 1
    if not others:
        return tail
    return f"{tail} and {others} more" if language == "en" else f"{tail} va {others} ho so khac"


def _day_of(day: str, language: str) -> str:
    return _day(day) if day else DAY_NOT_KNOWN.get(language, DAY_NOT_KNOWN["vi"])


def _day(deadline: str) -> str:
    year, month, day = deadline.split("-")
    return f"{day}/{month}/{year}"
