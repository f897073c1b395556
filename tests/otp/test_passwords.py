"""Which passwords may be chosen: length, what is guessed early, and words of the unit and the member."""

import pytest
from zxcvbn_rs_py import zxcvbn

from otp.passwords import Flaw, flaw

WORDS = ("lan.nt", "Nguyễn Thị Lan", "hcm-hoamai-01", "UBND Phường Hoa Mai", "12 Hoa Mai")


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("chim hót lá", "short"),
        ("chim hót lá!", None),
        ("con-meo-tren-mai", None),
        ("xe đạp màu tím 7 bánh", None),
        ("🐈 trèo cây cau hỏi thăm", None),
        ("  q 8 v   7 u  2  k ", None),
        ("correct horse battery staple", None),
        ("q7#" + "Lá rụng về cội; " * 7 + "w4xz9kt", None),
        ("x" + "Lá rụng về cội; " * 8, "long"),
        ("nguyen-di-cho-som", "word"),
        ("đi chợ NGUYỄN sớm", "word"),
        ("meo.thi-lan.meo!", "word"),
        ("o-hoa-mai-co-meo", "word"),
        ("con meo 12 Hoamai", "word"),
        ("lan.nt-di-cho-som", "word"),
        ("tủ-hồ-sơ-mèo-trèo", "word"),
        ("mật khẩu mèo trèo", "word"),
        ("123456789012", "common"),
        ("aaaaaaaaaaaaaaaa", "common"),
        ("qwertyuiop12", "common"),
        ("qwertyuiop[]asdf", "common"),
        ("iloveyou1234", "common"),
        ("anhyeuem1234", "common"),
        ("1q2w3e4r5t6y", "common"),
        ("30-04-1975 !", "common"),
        ("dragondragon", "common"),
    ],
)
def test_what_may_be_chosen(password: str, expected: Flaw | None) -> None:
    assert flaw(password, words=WORDS) == expected


def test_accents_typed_apart_are_the_same_sign() -> None:
    assert flaw("e\u0302\u0301" * 11, words=()) == "short"


@pytest.mark.parametrize("more", ["1234", "2026", "!!!!"])
def test_a_common_password_with_a_usual_end_is_no_better(more: str) -> None:
    common = ["sunshine", "football", "princess", "baseball", "superman", "trustno1", "computer", "michelle"]
    assert [flaw(one + more) for one in common] == ["common"] * len(common)


def test_the_list_is_the_one_of_thirty_thousand_common_passwords() -> None:
    # The last of the list of that are found by their place alone: no names, no words, no pattern.
    assert zxcvbn("hd764nw5d7e1vb1").guesses_log10 < 5
    assert zxcvbn("momsanaladventure").guesses_log10 < 5
    assert zxcvbn("hd764nw5d7e1vb2").guesses_log10 > 8
