"""Makes the clips of voice mode from the words of the kiosk page, with espeak-ng and opusenc, without a network.

A sentence is one clip for each piece between its {places}: `open.title.0` is "Ngăn", then the number's own clip, then
`open.title.2`... Numbers to 200 are clips `n-0` to `n-200`; larger ones are said digit by digit. A recording with
the name of a clip replaces it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from api.page_files import PAGES

LANGUAGES = ("vi", "en")
LARGEST_NUMBER = 200
WORDS_A_MINUTE = 165
BITS_KB = "16"
PLACE = re.compile(r"\{\w+\}")
PROGRAMS = {"espeak-ng": "espeak-ng", "opusenc": "opus-tools"}


class VoiceFailedError(Exception):
    """The clips cannot be made; the message says what to install."""


def pieces(language: str) -> dict[str, str]:
    """What is said in each clip of this language, by the clip's name."""
    table: dict[str, str] = json.loads((PAGES / "kiosk" / "words" / f"{language}.json").read_text(encoding="utf-8"))
    said = {f"{key}.{at}": piece for key, pattern in table.items() for at, piece in _split(pattern)}
    return {**said, **{f"n-{number}": str(number) for number in range(LARGEST_NUMBER + 1)}}


def _split(pattern: str) -> Iterator[tuple[int, str]]:
    for at, piece in enumerate(PLACE.split(pattern)):
        if re.search(r"\w", piece):
            yield at, piece.strip()


def make(into: Path, recordings: Path | None = None) -> int:
    """Write `<into>/<language>/<clip>.opus` for every clip; gives how many. Raises VoiceFailedError."""
    for program, package in PROGRAMS.items():
        if shutil.which(program) is None:
            raise VoiceFailedError(f"{program} is missing; run: sudo apt-get install {package}")
    count = 0
    for language in LANGUAGES:
        folder = into / language
        folder.mkdir(parents=True, exist_ok=True)
        for name, words in pieces(language).items():
            recorded = None if recordings is None else recordings / language / f"{name}.opus"
            (folder / f"{name}.opus").write_bytes(clip(words, language, recorded))
            count += 1
    return count


def clip(words: str, language: str, recorded: Path | None = None) -> bytes:
    """The recording where there is one, else the words as they are spoken here. Raises VoiceFailedError."""
    return recorded.read_bytes() if recorded is not None and recorded.is_file() else speak(words, language)


def speak(words: str, language: str) -> bytes:
    """These words as Ogg Opus. Raises VoiceFailedError."""
    try:
        spoken = subprocess.run(  # noqa: S603
            ["espeak-ng", "-v", language, "-s", str(WORDS_A_MINUTE), "--stdin", "--stdout"],  # noqa: S607
            input=words.encode(),
            capture_output=True,
            check=True,
        ).stdout
        return subprocess.run(  # noqa: S603
            ["opusenc", "--quiet", "--bitrate", BITS_KB, "-", "-"],  # noqa: S607
            input=spoken,
            capture_output=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise VoiceFailedError(f"espeak-ng or opusenc did not say {words!r}; check both packages") from error
