"""Snapshots as the contract shapes them, for the scripts of the page tests."""

from typing import Any

Body = dict[str, Any]

SIZES = {1: "S", 2: "S", 3: "S", 4: "M", 5: "M", 6: "L"}
PLACES = [
    {"number": (row - 1) * 4 + column, "row": row, "column": column, "size": SIZES[row]}
    for row in range(1, 7)
    for column in range(1, 5)
]

OFFICE = {"vi": "UBND PHƯỜNG HOA MAI", "en": "Hoa Mai Ward People's Committee"}

KIOSK: Body = {
    "version": 1,
    "state": "ready",
    "is_training": False,
    "office": OFFICE,
    "address": "12 Hoa Mai",
    "hotline": "02838291234",
    "centre_online": True,
    "notices_online": True,
    "accepts_slips": True,
    "clock": "synced",
    "time": "2026-11-22T08:41:16+07:00",
    "presence_number": None,
    "printer": "none",
    "scan": None,
    "rateable": None,
    "hours": {"today": ["07:30-11:30", "13:00-17:00"]},
    "city_hotline": "1022",
    "rules": {
        "vi": ["Giữ trật tự, sạch sẽ.", "Trẻ em đi cùng người lớn."],
        "en": ["Keep the place tidy.", "Children come with an adult."],
    },
    "posters": [],
    "has_voice": True,
    "doors": [{**place, "is_open": False} for place in PLACES],
    "intake": {
        "is_offered": True,
        "promised": "2026-11-23",
        "checked_from": "",
        "thickness_cm": [3, 8, 15],
        "bring": {"vi": ["Tờ khai đã ký, bản chụp căn cước."], "en": ["The signed form, a copy of the ID card."]},
        "sentence": {"vi": "", "en": ""},
    },
    "visit": None,
}


def doors(*opened: int) -> list[Body]:
    return [{**place, "is_open": place["number"] in opened} for place in PLACES]


def door(number: int, stage: str, **more: Any) -> Body:
    place = PLACES[number - 1]
    return {
        "hand_over": f"h{number}",
        "compartment": number,
        "row": place["row"],
        "column": place["column"],
        "stage": stage,
        "items": 1,
        "open_seconds": 0,
        "reminder": 0,
        "reopen_seconds_left": 0,
        "trains": 1,
        **more,
    }


def visit(*present: Body, waiting: int = 0, idle: int = 90, **more: Any) -> Body:
    return {
        "visit": "v1",
        "idle_seconds_left": idle,
        "doors": list(present),
        "waiting": waiting,
        "next": None,
        "intakes": [],
        "later": 0,
        "left": [],
        "is_moved": False,
        **more,
    }


def paper(number: int, stage: str, **more: Any) -> Body:
    """An intake of the visit as the kiosk gets it."""
    place = PLACES[number - 1]
    return {
        "hand_over": f"h{number}",
        "compartment": number,
        "row": place["row"],
        "column": place["column"],
        "size": place["size"],
        "bag": "HS-000012",
        "kind": "new",
        "stage": stage,
        "promised": "2026-11-23",
        "is_confirmed": True,
        "sent_at": "2026-11-22T21:14:05+07:00",
        "position": 481,
        **more,
    }


def next_door(number: int, *, is_high: bool = False) -> Body:
    place = PLACES[number - 1]
    return {
        "hand_over": f"h{number}",
        "compartment": number,
        "row": place["row"],
        "column": place["column"],
        "is_high": is_high,
    }


def _compartment(place: Body) -> Body:
    states = {
        2: "loaded",
        3: "loaded",
        5: "loading",
        7: "overdue",
        8: "cancelled",
        10: "uncertain",
        11: "disputed",
        14: "quarantined",
        21: "out_of_service",
        22: "offline",
    }
    state = states.get(place["number"], "free")
    return {
        **place,
        "height_cm": 190 - 28 * place["row"],
        "board": f"A{(place['number'] - 1) // 8 + 1}",
        "state": state,
        "is_open": False,
        "is_suspect": place["number"] == 10,
        "out_of_service": "",
        "quarantine": {14: "left_open", 11: "disputed"}.get(place["number"], ""),
        "hand_over": None if state in ("free", "quarantined", "out_of_service", "offline") else f"h{place['number']}",
    }


def to_load(result: str, dossier: str, name: str, **more: Any) -> Body:
    return {
        "result": result,
        "dossier": dossier,
        "name": name,
        "phone": "*** *** *12",
        "items": 1,
        "size": "S",
        "reach": "any",
        "deadline": "2026-12-31",
        "is_loadable": True,
        "reason": "",
        "is_at_counter": True,
        "no_room": "",
        "flags": [],
        "recipient": result,
        **more,
    }


def in_cabinet(number: int, name: str, **more: Any) -> Body:
    return {
        "hand_over": f"h{number}",
        "compartment": number,
        "dossiers": [f"H29.178-261008-{900 + number:04d}"],
        "name": name,
        "loaded_at": "2026-11-21T16:20:00+07:00",
        "deadline": "2026-12-31",
        "stage": "loaded",
        "uncertain": "",
        "disputed": "",
        "is_cancelled": False,
        "is_counter_wanted": False,
        "is_overdue": False,
        "is_owed": False,
        "is_made_good": False,
        "notice": "delivered",
        "delegates": [],
        "can_reopen": False,
        **more,
    }


def left(number: int, **more: Any) -> Body:
    """Papers that a citizen left, as the desk gets them."""
    return {
        "hand_over": f"i{number}",
        "compartment": number,
        "bag": f"HS-{number:06d}",
        "kind": "new",
        "stage": "deposited",
        "uncertain": "",
        "is_emptied": False,
        "is_at_door": False,
        "can_report": False,
        "is_missed": False,
        "is_confirmed": True,
        "evidence": "door_cycle",
        "sent_at": "2026-11-21T21:14:05+07:00",
        "position": 481,
        "promised": "2026-11-23",
        "is_late": False,
        "is_phone_checked": True,
        "count": 0,
        "dossier": "",
        "name": "",
        "phone": "••••• ••678",
        **more,
    }


UNOWNED: Body = {
    "dossiers": [],
    "owner": "",
    "is_mine": False,
    "due": None,
    "call_by": "",
    "call": None,
    "is_overdue": False,
    "raised_by": "",
    "reason": "",
    "is_glass": False,
    "can_countersign": False,
}

CLERK: Body = {
    "version": 1,
    "state": "ready",
    "is_training": False,
    "office": OFFICE,
    "time": "2026-11-22T07:35:16+07:00",
    "me": {"user": "lan", "name": "Nguyễn Thị Lan", "role": "clerk", "agrees": False, "is_present": True},
    "compartments": [_compartment(place) for place in PLACES],
    "to_load": [
        to_load("r1", "H29.178-261008-0975", "Trần Văn Bình", recipient="p1", items=2),
        to_load("r2", "H29.178-261008-0976", "Trần Văn Bình", recipient="p1"),
        to_load("r3", "H29.178-261012-0004", "Lê Thị Hồng", phone=None, flags=["no_mobile_phone"], reach="low"),
        to_load("r4", "000.00.01.H29-261013-0011", "Đỗ Minh Quân", is_loadable=False, reason="unpaid"),
        to_load("r5", "QSDĐ 4471/HM", "Phạm Gia Hưng", size="L", flags=["dossier_unknown_shape"]),
    ],
    "in_cabinet": [
        in_cabinet(2, "Võ Thị Sáu", delegates=[{"result": "r-2", "name": "Trần Văn Bình"}]),
        in_cabinet(3, "Ngô Bảo Châu", notice="failed"),
        in_cabinet(7, "Đặng Thái Sơn", is_overdue=True, deadline="2026-11-20"),
        in_cabinet(8, "Bùi Xuân Phái", is_cancelled=True),
        in_cabinet(10, "Hồ Xuân Hương", uncertain="restarted"),
        in_cabinet(11, "Tô Ngọc Vân", disputed="incomplete", uncertain="disputed", stage="collected"),
    ],
    "intakes": [],
    "round": None,
    "grants": [],
    "moves": [],
    "counter": [],
    "office_days": {
        "usual": ["07:30-11:30", "13:00-17:00"],
        "days": [
            {"day": "2026-11-24", "hours": [], "cause": "holiday", "is_set": False},
            {"day": "2026-11-28", "hours": ["07:30-11:30"], "cause": "own", "is_set": True},
        ],
    },
    "deputies": [],
    "clerks": [{"user": "lan", "name": "Nguyễn Thị Lan"}],
    "members": [],
    "asked": [],
    "approvals": [],
    "practice": None,
    "stock_check": None,
    "balance": {
        "before": 6,
        "loaded": 4,
        "deposited": 0,
        "collected": 3,
        "reclaimed": 1,
        "fetched": 0,
        "withdrawn": 0,
        "missing": 0,
        "now": 6,
        "holds": True,
        "uncertain": [],
        "stock_check": None,
    },
    "incidents": [
        {
            "incident": 41,
            "kind": "disputed_incomplete",
            "compartment": 11,
            "opened_at": "2026-11-21T21:14:00+07:00",
            **UNOWNED,
        },
        {"incident": 44, "kind": "left_open", "compartment": 14, "opened_at": "2026-11-21T22:02:00+07:00", **UNOWNED},
    ],
    "clock": "synced",
    "panel": {
        "opened": [],
        "battery_minutes": None,
        "is_stopping": False,
        "is_supply_cut": False,
        "has_key": False,
        "printer": "none",
    },
    "boards": [
        {"name": "A1", "is_online": True, "cause": "", "fault": "", "is_out": False},
        {"name": "A2", "is_online": True, "cause": "", "fault": "", "is_out": False},
        {"name": "A3", "is_online": False, "cause": "timed out", "fault": "BoardOffline", "is_out": False},
    ],
    "standing": {"stage": "open", "since": None, "by": "", "is_checked": False},
    "self_check": {
        "at": "2026-11-22T06:45:02+07:00",
        "is_due": False,
        "good": ["boards", "clock", "disk", "doors"],
        "bad": [],
    },
    "centre": {"is_online": True, "unsent": 0, "last_contact": "2026-11-22T07:35:01+07:00"},
    "today": {"loaded": 4, "collected": 3, "reclaimed": 1, "inside": 6},
}


def tried(*bad: Body, good: int = 0, out: tuple[str, ...] = ("A1", "A2", "A3"), **more: Any) -> Body:
    """The technician's page: doors up to `good` are good but for the `bad` findings, boards `out` are tried."""
    found = {one["number"]: one for one in bad}
    return {
        "version": 1,
        "is_bench": True,
        "panel": {"has_key": False},
        "is_training": False,
        "office": OFFICE,
        "cabinet": "hoa-mai-01",
        "time": "2026-11-22T07:35:16+07:00",
        "me": {"user": "tho", "name": "Phạm Văn Thợ", "role": "technician", "is_present": True},
        "is_clerk_present": False,
        "boards": [
            {
                "name": name,
                "bus": "A",
                "unit_id": at + 1,
                "profile": "waveshare-relay-d",
                "version": 300,
                "is_online": True,
                "fault": "",
                "cause": "commissioning" if name in out else "",
                "is_out": name in out,
                "left": [
                    number
                    for number in range(8 * at + 1, 8 * at + 9)
                    if name in out and (number > good or number in found)
                ],
            }
            for at, name in enumerate(("A1", "A2", "A3"))
        ],
        "doors": [_tried(place, found.get(place["number"]), good) for place in PLACES],
        "tried": 0,
        "awaited": [],
        "faults": [one for one in bad if not (one["number"] > one["other"] > 0)],
        "has_sheet": good > 0,
        **more,
    }


def _tried(place: Body, finding: Body | None, good: int) -> Body:
    number = place["number"]
    is_good = number <= good and finding is None
    board = f"A{(number - 1) // 8 + 1}"
    return {
        **place,
        "board": board,
        "relay": (number - 1) % 8 + 1,
        "eye": board,
        "input": (number - 1) % 8 + 1,
        "is_inverted": False,
        "reads": "open" if finding and finding["kind"] == "sensor_inverted" else "closed",
        "may_hold": False,
        "is_good": is_good,
        "finding": finding or ({"number": number, "kind": "good", "other": 0} if is_good else None),
    }


SWAPPED: tuple[Body, Body] = (
    {"number": 5, "kind": "locks_swapped", "other": 6},
    {"number": 6, "kind": "locks_swapped", "other": 5},
)
INVERTED: Body = {"number": 9, "kind": "sensor_inverted", "other": 0}
# What the technician sees from the first step to the last, by the step's name.
TRIALS: tuple[tuple[str, Body], ...] = (
    ("come", tried(out=(), me={"user": "tho", "name": "Phạm Văn Thợ", "role": "technician", "is_present": False})),
    ("begin", tried(out=())),
    ("doors", tried()),
    ("pulse", tried(*SWAPPED, good=9, tried=10)),
    ("which", tried(*SWAPPED, good=8, awaited=[9])),
    ("doors", tried(*SWAPPED, INVERTED, good=24)),
    ("begin", tried(good=24, out=())),
)
REPLACED: Body = tried(out=("A2",), good=8, is_bench=False, has_sheet=False)
REPLACED["doors"] = [
    {**one, "may_hold": 8 < one["number"] <= 16, "is_good": False, "finding": None} for one in REPLACED["doors"]
]

STAY: Body = {
    "hand_over": "h10",
    "until": "2026-12-31",
    "longer": "2027-01-07",
    "refused": "",
    "can_go_to_counter": True,
    "is_counter_wanted": False,
}
LEFT: Body = visit(later=1, left=[{"compartment": 10, **STAY}])
TOLD: Body = {
    "works": True,
    "results": [{"what": "inside", "since": "2026-11-21", "opens": True, "stay": STAY}],
    "intakes": [{"what": "left", "since": "2026-11-20", "day": "2026-11-23"}],
}
VISITS: dict[str, Body] = {
    "opening": visit(door(10, "opening")),
    "open": visit(door(21, "open", items=2, reminder=2), waiting=2),
    "unseen": visit(door(10, "unseen")),
    "closed": visit(door(10, "closed", reopen_seconds_left=48)),
    "next": visit(waiting=2, next=next_door(10)),
    "high": visit(waiting=2, next=next_door(3, is_high=True)),
    "later": visit(later=1, is_moved=True),
    "disputed": visit(door(10, "disputed"), waiting=1),
    "left-open": visit(door(10, "left_open"), waiting=1),
    "end": visit(),
}
PAPERS = ("opening", "open", "unseen", "dropped", "offered", "left_open", "uncertain", "withdrawn", "deposited")
STATES = ("starting", "safe-mode", "read-only", "fault", "moving", "retired")
