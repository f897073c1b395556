"""The turns a hand-over can take, each once over HTTP and real frames, in as few offices as will do."""

from __future__ import annotations

import asyncio

from simulator.players import CODE, until
from tests.scenarios.office import Office, phone, result
from tests.scenarios.visits import collect_papers, configured, leave, offer, opens, put, read_on, slug, take

TWO_PEOPLE = "2.000815"


async def test_every_proof_opens_its_own_door_and_a_visit_can_turn_every_way(empty_office: Office) -> None:
    configured(empty_office, {"[kiosk]": "[kiosk]\naccepts_slips = true"})
    await empty_office.open()
    await slip_paper_organisation_and_delegate_each_open_their_own_door(empty_office)
    await a_visit_opens_again_leaves_one_for_later_disputes_and_gets_a_new_code(empty_office)


async def test_no_papers_are_lost_and_what_is_not_routine_needs_more_than_one_person(empty_office: Office) -> None:
    configured(empty_office, {"[results]": f'[results]\ntwo_people = ["{TWO_PEOPLE}"]'})
    await empty_office.open()
    await papers_that_do_not_fit_are_taken_back_or_never_were_inside_are_all_accounted_for(empty_office)
    await what_is_not_routine_takes_a_second_person_a_leader_elsewhere_or_a_broken_glass(empty_office)


async def slip_paper_organisation_and_delegate_each_open_their_own_door(office: Office) -> None:
    owners = [result(number)["recipient"] for number in range(5)]
    minted = await office.centre.http.post("/v1/slips", json={"dossier_code": result(1)["dossier_code"]})
    token = minted.raise_for_status().json()["token"]
    slip = await office.announce(1, recipient={**owners[1], "id_last4": "1234"})
    paper = await office.announce(2, recipient={**owners[2], "id_last4": "5678"}, second_check=True)
    firm = await office.announce(3, recipient={**owners[3], "more_phones": [phone(13)]})
    named = await office.announce(4)
    who = {"name": "Trần Văn Bình", "phone": phone(14)}
    (await office.centre.http.put("/v1/results/r-4/delegate", json=who)).raise_for_status()
    await office.load(slip, paper, firm, named)

    scanned = await office.kiosk.http.post("/api/kiosk/slips", json={"slip": token})
    assert (scanned.status_code, slug(scanned)) == (403, "paper-check-needed")
    assert await opens(office, "slips", {"slip": token, "paper": "1234"}) == [slip["dossier_code"]]

    code = await office.steel.code_for(phone(2))
    asked = await office.kiosk.type_code(code)
    assert (asked.status_code, slug(asked)) == (403, "paper-check-needed")
    assert await opens(office, "codes", {"digits": code, "paper": "5678"}) == [paper["dossier_code"]]

    assert await office.steel.code_for(phone(13)) == await office.steel.code_for(phone(3))
    assert await opens(office, "codes", {"digits": await office.steel.code_for(phone(13))}) == [firm["dossier_code"]]

    theirs, own = await asyncio.gather(office.steel.code_for(phone(14)), office.steel.code_for(phone(4)))
    assert theirs != own
    assert await opens(office, "codes", {"digits": theirs}) == [named["dossier_code"]]
    assert slug(await office.kiosk.type_code(own)) == "code-refused"

    async def owner_heard() -> bool:
        return len([text for text in await read_on(office, phone(4)) if not CODE.search(text)]) == 2

    await until("the owner heard that a delegate was named, and that they collected", owner_heard)
    kinds = [fact["type"] for fact in await office.told()]
    assert [kinds.count(one) for one in ("SlipAccepted", "DelegateNamed", "Collected")] == [1, 1, 4]


async def a_visit_opens_again_leaves_one_for_later_disputes_and_gets_a_new_code(office: Office) -> None:
    owner = result(5)["recipient"]
    first, second = await office.announce(5), await office.announce(6, recipient=owner)
    await office.load(first, second)
    old = await office.steel.code_for(phone(5))
    (await office.kiosk.type_code(old)).raise_for_status()
    door = await office.kiosk.door("open")
    number = int(door["compartment"])
    await office.steel.act(number, "pull")
    await office.steel.act(number, "push")
    closed = await office.kiosk.door("closed")
    (await office.kiosk.press("reopen", hand_over=closed["hand_over"])).raise_for_status()
    assert len(await take(office)) == 1

    left = (await office.kiosk.snapshot())["visit"]["next"]["hand_over"]
    (await office.kiosk.press("later", hand_over=left)).raise_for_status()
    ticket = (await office.kiosk.http.post("/api/kiosk/tickets", json={"visit": office.kiosk.visit})).raise_for_status()
    await leave(office)
    asked = await office.kiosk.http.post("/api/kiosk/lost-code", json={"phone": f"0{phone(5)[3:]}"})
    unknown = await office.kiosk.http.post("/api/kiosk/lost-code", json={"phone": "0987654321"})
    assert (asked.status_code, asked.text) == (unknown.status_code, unknown.text)
    new = await office.steel.code_for(phone(5), after=1)
    assert new != old

    (await office.kiosk.type_code(new)).raise_for_status()
    await take(office, said="incomplete")
    await leave(office)
    incidents = {one["kind"]: one for one in await office.clerk.incidents()}
    assert incidents.keys() == {"ticket", "disputed_incomplete"}
    assert incidents["ticket"]["incident"] == ticket.json()["number"]
    assert slug(await office.kiosk.type_code(new)) == "code-refused"
    await office.clerk.done(f"incidents/{ticket.json()['number']}/close")
    await office.clerk.look_into(int(incidents["disputed_incomplete"]["compartment"]), office.steel)
    shown = await office.clerk.snapshot()
    assert shown["balance"]["holds"]


async def papers_that_do_not_fit_are_taken_back_or_never_were_inside_are_all_accounted_for(office: Office) -> None:
    mine = await office.announce(1)
    await office.load(mine)
    phones = {"phone": phone(1), "phone_again": phone(1)}
    (await office.kiosk.type_code(await office.steel.code_for(phone(1)))).raise_for_status()
    assert await take(office) == [mine["dossier_code"]]
    small = await offer(office, **phones, visit=office.kiosk.visit, kind="supplement", dossier=mine["dossier_code"])
    await put(office, small, "", is_left=False)
    larger = (await office.kiosk.press(f"intakes/{small['hand_over']}/larger")).raise_for_status().json()
    assert larger["compartment"] != small["compartment"]
    await put(office, larger, "left")
    await leave(office)

    back = await offer(office, phone=phone(2), phone_again=phone(2))
    await put(office, back, "took_back", is_left=False)
    gone = await offer(office, phone=phone(2), phone_again=phone(2), visit=back["visit"])
    assert gone["compartment"] == back["compartment"], "the same visit is offered the same compartment again"
    await put(office, gone, "left", is_left=False)
    await leave(office)

    for again in (True, False):
        assert await collect_papers(office, gone) == []
        assert await office.clerk.done(f"intakes/{gone['hand_over']}/report", count=0) == {"look_again": again}
    assert await collect_papers(office, larger) == [larger["bag"]]
    await office.clerk.done(f"intakes/{larger['hand_over']}/report", bag=larger["bag"], count=2)
    assert (await office.clerk.compartment(small["compartment"]))["state"] != "free"
    await office.clerk.look_into(small["compartment"], office.steel)
    assert (await office.clerk.compartment(small["compartment"]))["state"] == "free"
    assert [one["kind"] for one in await office.clerk.incidents()] == ["intake_empty"]
    assert (await office.clerk.snapshot())["balance"]["holds"]


async def what_is_not_routine_takes_a_second_person_a_leader_elsewhere_or_a_broken_glass(office: Office) -> None:
    leader = await office.member(1)
    await leader.sign_in()
    first, second, precious = [
        await office.announce(5),
        await office.announce(6),
        await office.announce(7, procedure_code=TWO_PEOPLE),
    ]
    one, two = await office.load(first, second)
    alone = await office.clerk.post("loads", {"scan": precious["dossier_code"]})
    assert slug(alone) == "second-person-needed"
    agreed = {"user": leader.person.user, "password": leader.person.password}
    agreed["code"] = await leader.fresh.code(leader.person)
    opened = await office.clerk.done("loads", scan=precious["dossier_code"], second=agreed)
    await office.steel.put_in(opened["compartment"], precious["dossier_code"])
    await office.clerk.until_loaded(opened["hand_over"])

    opening = {"compartment": one, "purpose": "reclaim"}
    approval = (await office.clerk.done("approvals", **opening))["approval"]
    code = await leader.fresh.code(leader.person)
    await leader.done(f"approvals/{approval}/give", password=leader.person.password, code=code)
    inside = {row["compartment"]: row["hand_over"] for row in (await office.clerk.snapshot())["in_cabinet"]}
    await office.clerk.done(f"hand-overs/{inside[one]}/reclaim", approval=approval)
    assert await office.steel.take_out(one) == [first["dossier_code"]]
    await office.centre.until_stage("r-5", "reclaimed")

    reason = "Người nhận đang chờ, không gọi được ai"
    await office.clerk.done("glass", compartment=two, purpose="reclaim", reason=reason)
    assert await office.steel.take_out(two) == [second["dossier_code"]]
    await office.centre.until_stage("r-6", "reclaimed")
    told = next(one for one in (await leader.snapshot())["incidents"] if one["kind"] == "break_glass")
    assert told["reason"] == reason
    await leader.done(f"incidents/{told['incident']}/countersign")

    await office.clerk.done("practice")
    practice = (await office.clerk.snapshot())["practice"]
    (await office.kiosk.type_code(practice["code"])).raise_for_status()
    await office.steel.until_sprung(practice["compartment"])
    assert await take(office) == []
    kinds = [fact["type"] for fact in await office.told()]
    wanted = ("ApprovalGiven", "GlassBroken", "GlassCountersigned", "PracticeBegan", "Collected")
    assert [kinds.count(kind) for kind in wanted] == [1, 1, 1, 1, 1]
