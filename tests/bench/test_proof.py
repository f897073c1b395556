"""A taste of the proofs: power cuts, a planted bug, tampering. `make proof-ci` runs them in full."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from bench.proof import audit, changed, failing, images, laws, machine, mutants, planted, stories
from bench.proof.disk import Asked, Platter
from bench.proof.stories import Required
from bench.proof.table import ROOT


@pytest.fixture(autouse=True)
def quiet() -> None:
    machine.quiet()


def contents(platter: Platter, seeds: int = 40) -> set[tuple[tuple[str, bytes], ...]]:
    """Every image seen over some cuts."""
    return {tuple(sorted(platter.cut(Random(seed)).items())) for seed in range(seeds)}


def test_what_was_synced_survives_every_cut_and_what_was_not_may_be_torn_or_lost() -> None:
    platter = Platter()
    for one in (Asked("create", 1, name="/d/a"), Asked("dirsync", name="/d"), Asked("write", 1, 0, b"old" * 400)):
        platter.take(one)
    platter.take(Asked("sync", 1))
    assert contents(platter) == {(("/d/a", b"old" * 400),)}
    platter.take(Asked("write", 1, 0, b"new" * 400))
    seen = {dict(image)["/d/a"] for image in contents(platter)}
    assert {b"old" * 400, b"new" * 400} < seen


def test_an_entry_nobody_synced_may_be_lost_and_entries_are_kept_in_order() -> None:
    platter = Platter()
    for one in (Asked("create", 1, name="/d/part"), Asked("write", 1, 0, b"x"), Asked("sync", 1)):
        platter.take(one)
    platter.take(Asked("rename", 1, name="/d/part", target="/d/whole"))
    assert contents(platter) == {(), (("/d/part", b"x"),), (("/d/whole", b"x"),)}
    platter.take(Asked("dirsync", name="/d"))
    assert contents(platter) == {(("/d/whole", b"x"),)}


def test_power_cuts_during_backup_seal_migration_and_restore_break_no_invariant(tmp_path: Path) -> None:
    story = stories.housekeeping(3, tmp_path / "house")
    assert {one.what for one in story.disk.asked} >= {"write", "sync", "create", "delete", "rename", "link", "dirsync"}
    count = images.judge_story(story, tmp_path / "image", seed=3, most=150)
    assert count.images > 100
    assert 50 < count.distinct <= count.images
    assert story.violations == []
    assert story.flows >= {"backup", "seal", "migration", "restore", "checkpoint"}


def test_an_image_that_lost_what_a_screen_showed_is_judged(tmp_path: Path) -> None:
    story = stories.housekeeping(3, tmp_path / "house")
    *_, last = story.disk.images(Random(1))
    images.lay_out(last, tmp_path / "image")
    found = images.looked_at(story, tmp_path / "image", is_thorough=True)
    assert found.broken == ()
    assert found.seq is not None
    shown = Required(seq=10_000, pulsed_seq=10_000, is_restored=True)
    assert [one.split(":")[0] for one in images.missing(found, shown)] == ["I3", "I1"]
    assert [*images.missing(found, Required(seq=found.seq, pulsed_seq=found.seq))] == []
    assert [*images.missing(images.Found(None), shown)] == ["I1: the journal is gone"]


def test_a_backup_that_has_its_name_before_it_is_whole_is_judged(tmp_path: Path) -> None:
    story = stories.housekeeping(3, tmp_path / "house")
    *_, last = story.disk.images(Random(1))
    images.lay_out(last, tmp_path / "image")
    (copy,) = (tmp_path / "image" / "backups").glob("journal-*.sqlite3")
    copy.write_bytes(copy.read_bytes()[:-4096])
    found = images.looked_at(story, tmp_path / "image", is_thorough=False)
    assert [one.split(":")[0] for one in found.broken] == ["I1"]


def test_every_planted_bug_still_fits_the_source() -> None:
    for bug in planted.BUGS:
        texts = planted.planted(bug)
        assert texts, bug.name
        assert all(text != (ROOT / name).read_text(encoding="utf-8") for name, text in texts.items()), bug.name


def test_a_bug_is_planted_in_the_process_that_asks_for_it_and_nowhere_else() -> None:
    (bug,) = (one for one in planted.BUGS if one.name == "wish executed out of order")
    with changed.processes(1) as pool:
        answers = [
            pool.submit(changed.call, texts, "bench.proof.planted", "findings", bug.check).result(120)[0]
            for texts in (planted.planted(bug), {})
        ]
    assert all(one.startswith("I12: ") for one in answers[0])
    assert answers[0]
    assert answers[1] == []


def test_the_laws_hold() -> None:
    assert [*laws.wishes(1), *laws.owner_at_a_broken_switch(1)] == []


def test_random_tampering_is_found_and_the_first_bad_event_named() -> None:
    base, last, head = audit.journal(1)
    assert audit.tampered(base, last, head, seed=10_000, many=40) == []


def test_no_failing_system_call_loses_what_was_acknowledged() -> None:
    proved = failing.prove(stride=100)
    assert proved.told == ()
    assert proved.holds


def test_the_same_seed_draws_the_same_mutants_and_a_module_is_scored_by_what_its_tests_saw() -> None:
    names = {f"locker.rules.pickup.x_submit__mutmut_{number}": None for number in range(1, 40)}
    assert mutants.drawn(names, seed=1, count=5) == mutants.drawn(dict(reversed(names.items())), seed=1, count=5)
    assert mutants.drawn(names, seed=1, count=0) == sorted(names)
    ended = {"otp.codes.xǁCodeǁread__mutmut_1": mutants.KILLED, "otp.codes.x_parse__mutmut_2": mutants.SURVIVED}
    *_, of_module, of_all = mutants.lines(ended | {"otp.codes.x_parse__mutmut_3": mutants.UNTESTED})
    assert of_module.split() == ["otp.codes", "1", "of", "3"]
    assert of_all.endswith("33.3%")
