"""The shape of the one TOML configuration; `config_file` reads it, `wiring_check` and `config_check` look for faults.

Wiring (bus, board, compartment, lock) is data here and nowhere else. Convention of a door input: reading 1
means *door closed* (a switch the door presses); `inverted = true` swaps that. A broken wire therefore reads open.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from locker import office_hours
from locker.model import Place
from locker.rules.alerts import OnCall
from locker.rules.calendar import Calendar
from locker.rules.panel import Battery
from locker.rules.quiet_hours import Daytime
from locker.rules.self_check import Plan

Size = Literal["S", "M", "L"]
Name = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
LONGEST_PULSE_MS = 3000
LOOPBACK = ("127.0.0.1", "::1", "localhost")
CANARY = "staff:canary:1"


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class CabinetSection(Section):
    """Who the cabinet is, and the words its texts use."""

    id: Name
    office_vi: str = "UBND Phường Hoa Mai"
    office_en: str = "People's Committee of Hoa Mai ward"
    sms_name: Annotated[str, Field(max_length=24)] = "UBND P.Hoa Mai"
    address: Annotated[str, Field(max_length=60)] = "12 Hoa Mai"
    hotline: Annotated[str, Field(pattern=r"^\d{4,12}$")] = "02838291234"
    city_hotline: Annotated[str, Field(pattern=r"^(\d{4,12})?$")] = "1022"
    timezone: str = "Asia/Ho_Chi_Minh"
    training: bool = False


class StorageSection(Section):
    """Where the journal lives and where copies of it go: the newest `keep_backups`, none older than `keep_backups_days`
    but the newest.
    """

    directory: Path
    backup_directory: Path | None = None
    keep_backups: Annotated[int, Field(ge=1, le=1000)] = 38
    keep_backups_days: Annotated[int, Field(ge=1, le=90)] = 30
    reserve_mib: Annotated[int, Field(ge=0, le=1024)] = 16
    control_socket: Path | None = None

    @property
    def journal(self) -> Path:
        return self.directory / "journal.sqlite3"

    @property
    def backups(self) -> Path:
        return self.backup_directory or self.directory / "backups"

    @property
    def control(self) -> Path:
        return self.control_socket or self.directory / "control.sock"

    @property
    def poweroff_request(self) -> Path:
        """Where the system is asked to shut down."""
        return self.control.parent / "poweroff"

    @property
    def clock_request(self) -> Path:
        """Where the system is asked to set its clock, in seconds since 1970."""
        return self.control.parent / "clock"


class Listener(Section):
    """One HTTP listener. Without a certificate only loopback addresses are accepted."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8021
    certificate: Path | None = None
    private_key: Path | None = None


Line = Annotated[str, Field(min_length=1, max_length=90)]


class KioskSection(Listener):
    """The kiosk's own listener: loopback only; the key file is read once by the kiosk browser's unit."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8021
    key_file: Path | None = None
    idle_seconds: Annotated[int, Field(ge=15, le=600)] = 90
    asks_reach: bool = True
    accepts_slips: bool = False
    rules_vi: Annotated[tuple[Line, ...], Field(max_length=6)] = ()
    rules_en: Annotated[tuple[Line, ...], Field(max_length=6)] = ()
    posters_directory: Path | None = None
    voice_directory: Path | None = None


class ClerkSection(Listener):
    """The listener of clerks, centre and health."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8022
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost")


class CentreSection(Section):
    """Where facts go and wishes come from; without a URL the cabinet works alone and keeps every fact."""

    url: str | None = None
    key_file: Path | None = None
    push_secret_file: Path | None = None
    poll_seconds: Annotated[int, Field(ge=1, le=60)] = 25


class SecretsSection(Section):
    """The device key (32 bytes, hex): from a systemd credential in the field, from a file on a desk.

    `former_device_key_file`: the one before, while it is changed; a file that is not there is none.
    """

    device_key_file: Path | None = None
    former_device_key_file: Path | None = None


Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class TwilioSection(Section):
    account_sid: str
    auth_token_file: Path
    sender: str
    base_url: str | None = None
    caller: Annotated[str, Field(pattern=r"^\+[1-9]\d{6,14}$")] | None = None
    voice_vi: str = "Google.vi-VN-Standard-A"
    voice_en: str = "Google.en-GB-Standard-A"


class EsmsSection(Section):
    """An account at eSMS.vn with a registered brand name."""

    api_key_file: Path
    secret_key_file: Path
    brandname: Annotated[str, Field(min_length=1, max_length=20)]
    is_sandbox: bool = False
    base_url: str = "https://rest.esms.vn"


class ModemSection(Section):
    """A GSM modem on a serial port."""

    port: str
    baud: Literal[9600, 19200, 38400, 57600, 115200] = 115200
    pin_file: Path | None = None


class NoticesSection(Section):
    """Gateways in the order they are tried."""

    gateways: tuple[Literal["file", "esms", "modem", "twilio", "twilio-calls"], ...] = ("file",)
    accept_codes_in_clear: bool = False
    outbox: Path | None = None
    round_closes_after_seconds: Annotated[int, Field(ge=1, le=3600)] = 600
    needs_registered_texts: bool = False
    day_starts: Clock = "07:30"
    day_ends: Clock = "20:00"
    esms: EsmsSection | None = None
    modem: ModemSection | None = None
    twilio: TwilioSection | None = None


class LockModel(Section):
    """What one kind of lock bears, from its data sheet. Times in milliseconds."""

    model: Name
    pulse_ms: Annotated[int, Field(ge=100, le=LONGEST_PULSE_MS)] = 500
    max_pulse_ms: Annotated[int, Field(ge=100, le=LONGEST_PULSE_MS)] = 1000
    min_gap_ms: Annotated[int, Field(ge=0, le=60_000)] = 2000
    max_pulses_per_minute: Annotated[int, Field(ge=1, le=30)] = 6


class BusLine(Section):
    """One RS-485 line behind a serial port, or one Modbus gateway behind TCP."""

    name: Name
    port: str | None = None
    host: str | None = None
    tcp_port: Annotated[int, Field(ge=1, le=65535)] = 502
    framing: Literal["tcp", "rtu", "kerong"] | None = None
    rs485_direction: bool = False
    baud: Literal[4800, 9600, 19200, 38400, 57600, 115200] = 9600
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1

    @model_validator(mode="after")
    def has_one_way_out(self) -> BusLine:
        if (self.port is None) == (self.host is None):
            raise ValueError("a bus needs exactly one of `port` (serial) and `host` (TCP)")
        if self.port is not None and self.framing == "tcp":
            raise ValueError("Modbus TCP needs `host`; behind a serial `port` framing is rtu or kerong")
        if self.rs485_direction and self.port is None:
            raise ValueError("rs485_direction is for a serial `port`")
        return self

    @property
    def speaks(self) -> Literal["tcp", "rtu", "kerong"]:
        """The framing, or what goes without saying."""
        return self.framing or ("tcp" if self.port is None else "rtu")


class BoardEntry(Section):
    name: Name
    bus: Name
    unit_id: Annotated[int, Field(ge=1, le=247)]
    profile: Name = "waveshare-relay-d"
    accept_host_timed_pulse: bool = False


class CompartmentEntry(Section):
    """One compartment: where its wires go and where its door is.

    A content sensor reads 1 while it sees that nothing is inside, unless `content_inverted`: a broken wire then never
    frees a compartment.
    """

    number: Annotated[int, Field(ge=1, le=999)]
    board: Name
    coil: Annotated[int, Field(ge=0, le=31)]
    input: Annotated[int, Field(ge=0, le=31)] | None = None
    input_board: Name | None = None
    inverted: bool = False
    content_input: Annotated[int, Field(ge=0, le=31)] | None = None
    content_board: Name | None = None
    content_inverted: bool = False
    lock: Name
    size: Size = "S"
    row: Annotated[int, Field(ge=1, le=40)]
    column: Annotated[int, Field(ge=1, le=40)]
    height_cm: Annotated[int, Field(ge=0, le=250)]
    near_keypad: bool = False

    @property
    def eye(self) -> str:
        """The board with the door's input."""
        return self.input_board or self.board

    @property
    def content_eye(self) -> str:
        """The board with the input that tells whether something lies inside."""
        return self.content_board or self.eye

    @property
    def inputs(self) -> tuple[tuple[str, int], ...]:
        """Board and input of its door and, where there is one, of its content sensor."""
        wired = ((self.eye, self.input), (self.content_eye, self.content_input))
        return tuple((board, number) for board, number in wired if number is not None)


class PrivacySection(Section):
    """For how many days after a result has left the cabinet its person's name, phone and dossier code are kept."""

    keep_personal_days: Annotated[int, Field(ge=1, le=90)] = 7


class ResultsSection(Section):
    """Which procedures' results may be handed out without a signature at the counter; none unless named.

    Those of `two_people` are put in and taken out only when a second person agrees.
    """

    procedures: tuple[str, ...] = ()
    two_people: tuple[str, ...] = ()


Hours = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
COUNTER_HOURS = ("07:30-11:30", "13:00-17:00")


class CalendarSession(Section):
    """An extra opening in some weeks of the month."""

    weekday: Weekday
    weeks: Annotated[tuple[Annotated[int, Field(ge=1, le=5)], ...], Field(min_length=1)]
    hours: Annotated[tuple[Hours, ...], Field(min_length=1)]


class CalendarDay(Section):
    """One day that differs from all rules; no hours: closed."""

    date: dt.date
    hours: tuple[Hours, ...] = ()


class CalendarSection(Section):
    """When the counter is open, local time."""

    public_holidays: bool = True
    monday: tuple[Hours, ...] = COUNTER_HOURS
    tuesday: tuple[Hours, ...] = COUNTER_HOURS
    wednesday: tuple[Hours, ...] = COUNTER_HOURS
    thursday: tuple[Hours, ...] = COUNTER_HOURS
    friday: tuple[Hours, ...] = COUNTER_HOURS
    saturday: tuple[Hours, ...] = ()
    sunday: tuple[Hours, ...] = ()
    session: tuple[CalendarSession, ...] = ()
    day: tuple[CalendarDay, ...] = ()

    @model_validator(mode="after")
    def opens_on_monday(self) -> CalendarSection:
        if not self.monday:
            raise ValueError("monday has no hours; make-up days take Monday's, so give it some")
        return self

    @model_validator(mode="after")
    def closes_after_it_opens(self) -> CalendarSection:
        patterns = [getattr(self, name) for name in get_args(Weekday)]
        patterns += [session.hours for session in self.session]
        patterns += [day.hours for day in self.day]
        for one in (hours for pattern in patterns for hours in pattern):
            opens, closes = one.split("-")
            if opens >= closes:
                raise ValueError(f"{one} closes before it opens; write opening first, and split hours at midnight")
        return self


class PrinterSection(Section):
    """A receipt printer that speaks ESC/POS."""

    device: Path
    baud: Literal[9600, 19200, 38400, 115200] = 19200
    width_dots: Literal[384, 576] = 576
    font: Path = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")


class ScannerSection(Section):
    """A code scanner in serial (USB-CDC) mode."""

    port: str
    baud: Literal[9600, 19200, 38400, 57600, 115200] = 9600


Pin = Annotated[int, Field(ge=0, le=27)]


class DoorLight(Section):
    """One light beside some doors."""

    pin: Pin
    compartments: Annotated[tuple[int, ...], Field(min_length=1)]


class PanelSection(Section):
    """What is wired to the Pi's header, by BCM number; what is not named is not there."""

    case_pin: Pin | None = None
    service_door_pin: Pin | None = None
    key_pin: Pin | None = None
    mains_lost_pin: Pin | None = None
    button_pin: Pin | None = None
    cabinet_light_pin: Pin | None = None
    buzzer_pin: Pin | None = None
    lock_supply_pin: Pin | None = None
    inverted: tuple[
        Literal[
            "case",
            "service_door",
            "key",
            "mains_lost",
            "button",
            "cabinet_light",
            "buzzer",
            "lock_supply",
            "door_light",
        ],
        ...,
    ] = ()
    battery_minutes: Annotated[int, Field(ge=5, le=1440)] = 30
    reserve_minutes: Annotated[int, Field(ge=3, le=720)] = 15
    stop_minutes: Annotated[int, Field(ge=2, le=60)] = 4
    door_light: tuple[DoorLight, ...] = ()

    @property
    def inputs(self) -> Mapping[str, int]:
        return self._wired("case", "service_door", "key", "mains_lost", "button")

    @property
    def outputs(self) -> Mapping[str, int]:
        lights = {f"door_light_{n}": light.pin for n, light in enumerate(self.door_light, start=1)}
        return {**self._wired("cabinet_light", "buzzer", "lock_supply"), **lights}

    @property
    def lights(self) -> Mapping[int, str]:
        """The output of each compartment's light."""
        return {
            number: f"door_light_{n}"
            for n, light in enumerate(self.door_light, start=1)
            for number in light.compartments
        }

    def _wired(self, *names: str) -> dict[str, int]:
        pins = {name: getattr(self, f"{name}_pin") for name in names}
        return {name: pin for name, pin in pins.items() if pin is not None}

    @model_validator(mode="after")
    def is_one_panel(self) -> PanelSection:
        pins = [*self.inputs.values(), *self.outputs.values()]
        if len(set(pins)) < len(pins):
            raise ValueError("two things are wired to one pin; give each its own")
        if not self.stop_minutes < self.reserve_minutes < self.battery_minutes:
            raise ValueError("stop_minutes must be less than reserve_minutes, and that less than battery_minutes")
        return self


Mobile = Annotated[str, Field(pattern=r"^\+[1-9]\d{7,14}$")]


class AlertsSection(Section):
    """Who is written to when something happens outside office hours; nobody unless named."""

    duty: Annotated[tuple[Mobile, ...], Field(max_length=5)] = ()
    leader: Annotated[tuple[Mobile, ...], Field(max_length=5)] = ()
    digest_at: Clock = "07:00"

    @property
    def phones(self) -> Mapping[str, str]:
        """Numbers by the ref under which facts name them."""
        roles = {"duty": self.duty, "leader": self.leader}
        return {f"staff:{role}:{n}": phone for role, phones in roles.items() for n, phone in enumerate(phones, start=1)}


class SelfCheckSection(Section):
    """When the cabinet looks at itself each day, and the number its trial message goes to; no trial unless named."""

    at: Clock = "06:45"
    canary: Mobile | None = None
    battery_clock: bool = False


Thickness = Annotated[int, Field(ge=1, le=99)]


class IntakeSection(Section):
    """Papers that citizens leave: the share of all compartments they may hold, and how soon the office answers.

    `thickness_cm` is the thickest bag of sizes S, M, L; `bring_vi`, `bring_en` are lines to read before a door opens;
    `sentence_vi`, `sentence_en` is what the unit says on the receipt of whether its time counts for a deadline.
    """

    is_offered: bool = True
    thickness_cm: tuple[Thickness, Thickness, Thickness] = (3, 8, 15)
    bring_vi: Annotated[tuple[Line, ...], Field(max_length=3)] = ()
    bring_en: Annotated[tuple[Line, ...], Field(max_length=3)] = ()
    sentence_vi: Annotated[str, Field(max_length=200)] = ""
    sentence_en: Annotated[str, Field(max_length=200)] = ""
    share_percent: Annotated[int, Field(ge=1, le=100)] = 40
    unchecked_at_once: Annotated[int, Field(ge=0, le=200)] = 3
    answered_within_working_days: Annotated[int, Field(ge=1, le=10)] = 1


class StayingSection(Section):
    """How long people may keep a result inside beyond its deadline, how much room must be left then, and how long it
    is kept for who came in vain.
    """

    times: Annotated[int, Field(ge=0, le=12)] = 2
    days: Annotated[int, Field(ge=1, le=31)] = 7
    keeps_free: Annotated[int, Field(ge=0, le=200)] = 2
    days_after_fault: Annotated[int, Field(ge=1, le=31)] = 7


class LimitsSection(Section):
    """What the lowest layer allows whatever is asked: different doors opened per minute in the whole cabinet."""

    doors_per_minute: Annotated[int, Field(ge=8, le=60)] = 12


class StaffEntry(Section):
    """One clerk or technician. Hashes come from `dossier-locker staff USER`.

    `password_is_initial`: somebody else typed it, so it is good for choosing one's own and for nothing else.
    """

    user: Name
    name: str
    role: Literal["clerk", "leader", "technician"] = "clerk"
    password_hash: str
    totp_secret: str
    recovery_salt: Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")] = ""
    recovery_hashes: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...] = ()
    password_is_initial: bool = False


class Wiring(Section):
    """The furniture: buses, boards, locks and compartments."""

    lock: tuple[LockModel, ...] = Field(min_length=1)
    bus: tuple[BusLine, ...] = Field(min_length=1)
    board: tuple[BoardEntry, ...] = Field(min_length=1)
    compartment: tuple[CompartmentEntry, ...] = Field(min_length=1)

    def lock_model(self, name: str) -> LockModel:
        return next(lock for lock in self.lock if lock.model == name)

    def compartments_of(self, board: str) -> tuple[CompartmentEntry, ...]:
        return tuple(entry for entry in self.compartment if entry.board == board)

    @property
    def places(self) -> Mapping[int, Place]:
        """Where each compartment is, as the rules want it."""
        return {entry.number: _place(entry) for entry in self.compartment}

    @property
    def by_number(self) -> Mapping[int, CompartmentEntry]:
        return {entry.number: entry for entry in self.compartment}


def _place(entry: CompartmentEntry) -> Place:
    return Place(
        number=entry.number,
        board=entry.board,
        size=entry.size,
        row=entry.row,
        column=entry.column,
        height_cm=entry.height_cm,
        near_keypad=entry.near_keypad,
    )


class Config(Wiring):
    """The whole configuration of one cabinet."""

    cabinet: CabinetSection
    storage: StorageSection
    kiosk: KioskSection = KioskSection()
    clerk: ClerkSection = ClerkSection()
    centre: CentreSection = CentreSection()
    secrets: SecretsSection = SecretsSection()
    notices: NoticesSection = NoticesSection()
    results: ResultsSection = ResultsSection()
    privacy: PrivacySection = PrivacySection()
    limits: LimitsSection = LimitsSection()
    staying: StayingSection = StayingSection()
    intake: IntakeSection = IntakeSection()
    calendar: CalendarSection = CalendarSection()
    alerts: AlertsSection = AlertsSection()
    panel: PanelSection | None = None
    printer: PrinterSection | None = None
    scanner: ScannerSection | None = None
    self_check: SelfCheckSection = SelfCheckSection()
    staff: tuple[StaffEntry, ...] = ()


def office_hours_of(config: Config) -> office_hours.OfficeHours:
    """The calendar of the configuration."""
    calendar = config.calendar
    return office_hours.OfficeHours(
        zone=ZoneInfo(config.cabinet.timezone),
        weekly=tuple(office_hours.spans_of(getattr(calendar, name)) for name in get_args(Weekday)),
        sessions=tuple(
            office_hours.Session(
                weekday=get_args(Weekday).index(one.weekday),
                weeks=frozenset(one.weeks),
                spans=office_hours.spans_of(one.hours),
            )
            for one in calendar.session
        ),
        exceptions={one.date: office_hours.spans_of(one.hours) for one in calendar.day},
        public=office_hours.VietnamesePublicDays() if calendar.public_holidays else office_hours.NoPublicDays(),
    )


def daytime_of(config: Config) -> Daytime:
    """The hours in which messages that can wait go out."""
    starts, ends = (dt.time.fromisoformat(one) for one in (config.notices.day_starts, config.notices.day_ends))
    return Daytime(zone=ZoneInfo(config.cabinet.timezone), starts=starts, ends=ends)


def battery_of(section: PanelSection) -> Battery:
    """The battery's times in milliseconds."""
    minute_ms = 60_000
    return Battery(
        full_ms=section.battery_minutes * minute_ms,
        reserve_ms=section.reserve_minutes * minute_ms,
        stop_ms=section.stop_minutes * minute_ms,
    )


def calendar_of(config: Config) -> Calendar:
    """What the calendar's rules go by."""
    refs = tuple(config.alerts.phones)
    on_call = OnCall(
        duty=tuple(ref for ref in refs if ref.startswith("staff:duty:")),
        leader=tuple(ref for ref in refs if ref.startswith("staff:leader:")),
        digest_at=dt.time.fromisoformat(config.alerts.digest_at),
    )
    return Calendar(
        office=office_hours_of(config),
        day=daytime_of(config),
        on_call=on_call,
        days_after_fault=config.staying.days_after_fault,
    )


def self_check_of(config: Config) -> Plan:
    """When and how the cabinet looks at itself."""
    return Plan(
        zone=ZoneInfo(config.cabinet.timezone),
        starts=dt.time.fromisoformat(config.self_check.at),
        canary=CANARY if config.self_check.canary is not None else "",
    )


def staff_phones_of(config: Config) -> Mapping[str, str]:
    """Numbers of staff and of the trial message, by the ref under which facts name them."""
    canary = config.self_check.canary
    return {**config.alerts.phones, **({CANARY: canary} if canary is not None else {})}
