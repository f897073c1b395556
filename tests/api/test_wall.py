"""Posters, hours, house rules and voice clips behind the kiosk's screen."""

import shutil
from pathlib import Path

import httpx
import pytest

from api import voice, wall
from api.voice import VoiceFailedError
from tests.api.conftest import Cab


def _hung(cab: Cab, **section: object) -> None:
    kiosk = cab.running.config.kiosk.model_copy(update=section)
    object.__setattr__(cab.running, "config", cab.running.config.model_copy(update={"kiosk": kiosk}))


async def test_a_poster_hangs_until_its_last_day_and_then_is_gone(
    cab: Cab, kiosk: httpx.AsyncClient, tmp_path: Path
) -> None:
    folder = tmp_path / "posters"
    folder.mkdir()
    _hung(cab, posters_directory=folder)
    today = cab.running.today(cab.hands())
    for name in (f"{today} moi.png", "2020-01-01 cu.png", "khong-ngay.png", f"{today} lon.jpg", f"{today} x.svg"):
        (folder / name).write_bytes(b"x" * (wall.POSTER_BYTES + 1 if "lon" in name else 9))
    assert (await kiosk.get("/api/kiosk/snapshot")).json()["posters"] == [f"{today} moi.png"]
    assert (await kiosk.get(f"/posters/{today} moi.png")).content == b"x" * 9
    for other in ("2020-01-01 cu.png", "khong-ngay.png", "..%2Fjournal.sqlite3"):
        assert (await kiosk.get(f"/posters/{other}")).status_code == 404
    cab.hands.forward(86_400)
    assert (await kiosk.get("/api/kiosk/snapshot")).json()["posters"] == []


async def test_the_wall_tells_hours_rules_and_the_citys_number(cab: Cab, kiosk: httpx.AsyncClient) -> None:
    _hung(cab, rules_vi=("Giữ trật tự.",))
    shown = (await kiosk.get("/api/kiosk/snapshot")).json()
    assert shown["rules"] == {"vi": ["Giữ trật tự."], "en": ["Giữ trật tự."]}
    assert (shown["city_hotline"], shown["has_voice"], shown["posters"]) == ("1022", False, [])
    assert all("-" in span for span in shown["hours"]["today"])


async def test_a_clip_is_served_by_its_name_only(cab: Cab, kiosk: httpx.AsyncClient, tmp_path: Path) -> None:
    assert (await kiosk.get("/voice/vi/n-7.opus")).status_code == 404
    (tmp_path / "vi").mkdir()
    (tmp_path / "vi" / "n-7.opus").write_bytes(b"OggS")
    _hung(cab, voice_directory=tmp_path)
    answer = await kiosk.get("/voice/vi/n-7.opus")
    assert (answer.content, answer.headers["content-type"]) == (b"OggS", "audio/ogg")
    assert (await kiosk.get("/api/kiosk/snapshot")).json()["has_voice"]
    for strange in ("/voice/fr/n-7.opus", "/voice/vi/N%2F7.opus"):
        assert (await kiosk.get(strange)).status_code in (404, 422)


def test_every_sentence_and_every_number_has_a_clip_without_its_places() -> None:
    for language in voice.LANGUAGES:
        said = voice.pieces(language)
        assert (said["n-0"], said["n-200"]) == ("0", "200")
        assert "{" not in "".join(said.values())
    assert voice.pieces("vi")["open.title.1"] == "đang mở"


def test_a_recording_replaces_the_synthetic_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for program in voice.PROGRAMS:
        if shutil.which(program) is None:
            pytest.fail(f"{program} is missing; run: make setup")
    recorded = tmp_path / "open.title.0.opus"
    assert voice.clip("Ngăn", "vi", recorded).startswith(b"OggS")
    recorded.write_bytes(b"a human voice")
    assert voice.clip("Ngăn", "vi", recorded) == b"a human voice"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(VoiceFailedError, match="apt-get install espeak-ng"):
        voice.make(tmp_path)
