import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp.codes import (
    HINTS,
    SELECTORS,
    Malformed,
    Mistake,
    NoFreeSelectorError,
    Typed,
    compose,
    group,
    hint,
    parse,
    pick_selector,
    secret_from,
    uniform,
)

selectors = st.sampled_from(SELECTORS)
secrets = st.integers(0, 10**8 - 1).map(lambda n: f"{n:08d}")
codes = st.builds(compose, selectors, secrets)


@given(selectors, secrets)
def test_what_is_composed_is_read_back(selector: str, secret: str) -> None:
    code = compose(selector, secret)
    assert len(code) == 12
    assert parse(code) == Typed(selector, secret)
    assert parse(group(code)) == Typed(selector, secret)


@given(codes)
def test_every_single_wrong_digit_is_a_slip_and_not_a_failure(code: str) -> None:
    wrong = [code[:at] + d + code[at + 1 :] for at in range(12) for d in "0123456789" if d != code[at]]
    assert len(wrong) == 108
    assert all(isinstance(parse(text), Malformed) for text in wrong)


@given(codes)
def test_every_swap_of_neighbours_is_a_slip_and_not_a_failure(code: str) -> None:
    for at, (left, right) in enumerate(pairwise(code)):
        if left != right:
            assert isinstance(parse(code[:at] + right + left + code[at + 2 :]), Malformed)


@given(
    codes,
    st.lists(st.sampled_from([" ", "-", ".", "\u00a0", "–", "\u200b", "\n", "·"]), min_size=13, max_size=13),
)
def test_separators_of_any_kind_are_forgiven(code: str, between: list[str]) -> None:
    text = between[12] + "".join(digit + mark for digit, mark in zip(code, between, strict=False))
    # A date, one dash and a running number is how a dossier is written, not a code.
    if parse(text) != Malformed(Mistake.DOSSIER, 12):
        assert parse(text) == parse(code)


@given(codes)
def test_full_width_digits_are_forgiven(code: str) -> None:
    assert parse(code.translate({ord("0") + n: 0xFF10 + n for n in range(10)})) == parse(code)


@given(st.text(max_size=400))
def test_any_text_at_all_gets_an_answer_with_words(text: str) -> None:
    read = parse(text)
    if isinstance(read, Malformed):
        assert hint(read, "vi")
        assert hint(read, "en") != hint(read, "vi")


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", Mistake.EMPTY),
        ("  - ", Mistake.EMPTY),
        ("0912345678", Mistake.PHONE),
        ("0912 345 678", Mistake.PHONE),
        ("+84 912 345 678", Mistake.PHONE),
        ("84912345678", Mistake.PHONE),
        ("0084912345678", Mistake.PHONE),
        ("028 3829 1234", Mistake.PHONE),
        ("079203004567", Mistake.ID_CARD),
        ("001300012345", Mistake.ID_CARD),
        ("261008-0975", Mistake.DOSSIER),
        ("2610080975", Mistake.DOSSIER),
        ("261008-090123", Mistake.DOSSIER),
        ("20260609-0092637", Mistake.DOSSIER),
        ("H15.50.05.13-261008-0975", Mistake.DOSSIER),
        ("000.00.01.H29–260310–0420", Mistake.DOSSIER),
        ("4821 7390", Mistake.TOO_SHORT),
        ("9613995678", Mistake.TOO_SHORT),
        ("4821 7390 5562 1", Mistake.TOO_LONG),
        ("4821 7390 556a", Mistake.LETTERS),
        ("ma mo tu", Mistake.LETTERS),
        ("4821739055²3x", Mistake.LETTERS),
    ],
)
def test_a_mistake_is_named(text: str, mistake: Mistake) -> None:
    read = parse(text)
    assert isinstance(read, Malformed)
    assert read.mistake is mistake


def test_one_wrong_digit_is_called_mistyped() -> None:
    code = compose("482", "17390556")
    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
    assert parse(wrong) == Malformed(Mistake.MISTYPED, 12)


def test_an_id_number_never_counts_as_a_guess_whatever_its_last_digit() -> None:
    assert all(isinstance(parse(f"07920300456{last}"), Malformed) for last in range(10))


def test_every_mistake_has_words_in_both_languages() -> None:
    assert set(HINTS) == set(Mistake)
    assert all(set(words) == {"vi", "en"} for words in HINTS.values())


def test_a_typed_code_does_not_show_its_secret_when_printed() -> None:
    read = parse(compose("482", "17390556"))
    assert "17390556" not in repr(read)


@pytest.mark.parametrize(
    ("selector", "secret"), [("012", "12345678"), ("48", "12345678"), ("482", "123"), ("482", "1234567a")]
)
def test_a_code_of_another_shape_is_not_composed(selector: str, secret: str) -> None:
    with pytest.raises(ValueError, match="digits"):
        compose(selector, secret)


def test_secrets_use_the_highest_draws_only_up_to_a_whole_multiple() -> None:
    # 2**32 = 42 * 10**8 + rest; a draw inside the rest would favour low secrets and is thrown away.
    draws = iter([(4_200_000_000).to_bytes(4, "big"), (4_199_999_999).to_bytes(4, "big")])
    assert secret_from(lambda _: next(draws)) == "99999999"


def test_each_digit_of_the_secret_is_equally_likely() -> None:
    source = random.Random(7)
    secrets_drawn = [secret_from(source.randbytes) for _ in range(20_000)]
    for place in range(8):
        counts = Counter(secret[place] for secret in secrets_drawn)
        # chi-square with 9 degrees of freedom, 99.99 % point is 33.7
        assert sum((counts[d] - 2000) ** 2 / 2000 for d in "0123456789") < 33.7


@given(st.integers(1, 2**32), st.integers(0, 2**32 - 1))
def test_a_uniform_number_stays_below_its_bound(bound: int, first: int) -> None:
    draws = iter([first.to_bytes(4, "big"), b"\0\0\0\0"])
    assert 0 <= uniform(bound, lambda _: next(draws)) < bound


def test_a_random_source_stuck_at_one_value_is_named() -> None:
    with pytest.raises(ValueError, match="random source"):
        secret_from(lambda n: b"\xff" * n)


@given(st.sets(selectors, max_size=899), st.randoms(use_true_random=False))
def test_a_selector_is_picked_among_those_nobody_has(taken: set[str], source: random.Random) -> None:
    assert pick_selector(taken, source.randbytes) in set(SELECTORS) - taken


def test_when_all_selectors_are_taken_it_says_so() -> None:
    with pytest.raises(NoFreeSelectorError):
        pick_selector(set(SELECTORS), random.Random(1).randbytes)
