"""Names, phones, dossier codes and pickup codes are searched for where they must not be, on real processes."""

from __future__ import annotations

from pathlib import Path

from simulator.players import until
from tests.scenarios.office import Office, phone

NAME = "Hoàng Thị Chim Yến"


def files_with(canary: str, files: list[Path]) -> list[str]:
    raw = {canary.encode(), canary.encode("utf-16-le")}
    return [file.name for file in files if any(one in file.read_bytes() for one in raw)]


async def test_canaries_are_found_nowhere_but_where_they_are_kept_and_nowhere_once_erased(office: Office) -> None:
    person = {"name": NAME, "phone": phone(7), "key": "person-7"}
    announced = await office.announce(7, recipient=person)
    dossier, local = announced["dossier_code"], "0" + phone(7)[3:]
    await office.load(announced)
    code = await office.steel.code_for(phone(7))
    wrong = code[:3] + code[4] + code[3] + code[5:]
    await office.kiosk.type_code(wrong)
    journal = office.desk.state / "journal"
    await office.run("backup")
    kept = [file for file in office.desk.state.rglob("*.sqlite3*") if file.is_file() and "centre" not in file.name]
    assert files_with(NAME, kept), "the search finds what is there"
    for secret in (code, code[3:11]):
        assert files_with(secret, [file for file in journal.rglob("*") if file.is_file()]) == []
    await office.collect(code)
    await office.centre.until_stage("r-7", "collected")
    await office.told()

    async def erased() -> bool:
        return (await office.run("erase", "--yes", phone(7))).startswith("2 records erased")

    await until("nothing needs them any more", erased)
    assert 'kept": []' in await office.run("subject-report", dossier)
    logs = [child.log for child in office.parts.values() if "controller" in child.log.name]
    assert logs
    for canary in (NAME, phone(7), local, dossier, code, code[3:11]):
        assert files_with(canary, logs) == [], "a log tells of a person"
    for canary in (NAME, phone(7), dossier, code, code[3:11]):
        here = [file for file in journal.glob("journal.sqlite3*") if file.is_file()]
        assert files_with(canary, here) == [], "erased, and yet in the journal or its log"
