"""PDUs are decoded by smspdudecoder, segments are counted by gammu: neither shares a line with the code under test."""

import subprocess
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smspdudecoder.fields import SMSSubmit  # type: ignore[import-untyped]  # no types

from otp.pdu import PduError, read_report, submits
from otp.segments import ALPHABET, EXTENSION, count_segments, cut

PLAIN = "UBND P.Hoa Mai: MA MO TU 4821 7390 5562. Giu kin ma. Hoi: 02838291234"
VIETNAMESE = "Kết quả hồ sơ của bạn đã ở trong tủ 24/7, mã mở tủ là 4821 7390 5562. "


def decoded(octets: str) -> dict[str, object]:
    return dict(SMSSubmit.decode(StringIO(octets)))


@pytest.mark.parametrize(
    "text", [PLAIN, PLAIN * 3, VIETNAMESE, VIETNAMESE * 4, "€[x]~" * 60, "@" * 160, "@" * 161, "ế" * 70, "ế" * 71]
)
def test_an_independent_decoder_reads_the_same_text(text: str) -> None:
    parts = submits("+84912345678", text, valid_seconds=3600, group=0xA7)
    read = [decoded(part.octets) for part in parts]
    assert "".join(str(one["user_data"]["data"]) for one in read) == text  # type: ignore[index]  # a plain tree
    assert [one["recipient"]["number"] for one in read] == ["84912345678"] * len(parts)  # type: ignore[index]
    assert len(parts) == count_segments(text).parts
    assert [part.length for part in parts] == [len(part.octets) // 2 - 1 for part in parts]


@settings(max_examples=60)
@given(st.text(alphabet=sorted((set(ALPHABET) - {"\x1b", "\r"}) | set(EXTENSION)), min_size=1, max_size=400))
def test_every_sign_of_the_alphabet_comes_back(text: str) -> None:
    parts = submits("+84912345678", text, valid_seconds=None, group=1)
    read = [str(decoded(part.octets)["user_data"]["data"]) for part in parts]  # type: ignore[index]  # a plain tree
    # The decoder reads the seven spare bits behind 8n-1 septets as one more sign.
    whole = [
        part if len(part) == len(sent) else part.removesuffix("@") for part, sent in zip(read, cut(text), strict=True)
    ]
    assert "".join(whole) == text


@pytest.mark.parametrize(
    ("seconds", "value"),
    [(1, 0), (300, 0), (3600, 11), (12 * 3600, 143), (24 * 3600, 167), (3 * 86400, 169), (None, 255), (10**9, 255)],
)
def test_the_validity_is_never_longer_than_asked_beyond_its_five_minutes(seconds: int | None, value: int) -> None:
    [part] = submits("+84912345678", "x", valid_seconds=seconds, group=0)
    octets = bytes.fromhex(part.octets)
    assert octets[1 + 2 + 8 + 2] == value


def test_a_report_names_the_part_the_number_and_the_status() -> None:
    report = read_report("07914889020000F0" + "06" + "2A" + "0B914819325476F8" + "62112200000000" * 2 + "46")
    assert (report.number, report.recipient, report.status) == (42, "+84912345678", 0x46)


@pytest.mark.parametrize("octets", ["", "zz", "07", "0791488902", "000421" + "0B914819325476F8" + "00" * 30])
def test_rubbish_is_no_report(octets: str) -> None:
    with pytest.raises(PduError):
        read_report(octets)


@pytest.mark.parametrize(
    ("text", "is_unicode"),
    [
        (PLAIN, False),
        (PLAIN * 3, False),
        ("[" * 80, False),
        ("[" * 81, False),
        (VIETNAMESE * 2, True),
        ("ế" * 70, True),
    ],
)
def test_gammu_counts_as_many_segments(tmp_path: Path, text: str, *, is_unicode: bool) -> None:
    config = tmp_path / "gammu.conf"
    (tmp_path / "phone").mkdir()
    config.write_text(f"[gammu]\nmodel = dummy\nconnection = none\ndevice = {tmp_path}/phone\n")
    command = ["gammu", "-c", str(config), "sendsms", "TEXT", "+84912345678", "-len", str(len(text) + 1)]
    command += (["-unicode"] if is_unicode else []) + ["-text", text]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20, env={"LC_ALL": "C.UTF-8"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert max(1, done.stdout.count("message reference")) == count_segments(text).parts, done.stdout
