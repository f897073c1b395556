"""Bar charts as SVG that stands in a page: no script, no inline style, and told apart on paper without colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import svg

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 48, 8, 10, 34
MOST_LABELS = 12
STEPS = (1.0, 2.0, 5.0, 10.0)
TICKS = 4


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of bar; None where there is nothing to show."""

    name: str
    values: tuple[float | None, ...]


def bars(title: str, labels: Sequence[str], series: Sequence[Series]) -> str:
    """Bars side by side, one group a label; every series is as long as `labels`. `title`: what a screen reader says."""
    top = ceiling(max((value or 0 for one in series for value in one.values), default=0))
    group = (WIDTH - LEFT - RIGHT) / max(1, len(labels))
    width = min(36.0, group * 0.8 / max(1, len(series)))
    shapes: list[svg.Element] = [*_grid(top)]
    every = -(-len(labels) // MOST_LABELS)
    for place, label in enumerate(labels):
        middle = LEFT + group * (place + 0.5)
        if place % every == 0:
            shapes.append(_text(label, middle, HEIGHT - BOTTOM + 20, "label"))
        for number, one in enumerate(series):
            value = one.values[place] or 0
            height = (HEIGHT - TOP - BOTTOM) * value / top
            shapes.append(
                svg.Rect(
                    x=_round(middle + width * (number - len(series) / 2)),
                    y=_round(HEIGHT - BOTTOM - height),
                    width=_round(width * 0.92),
                    height=_round(height),
                    class_=["bar", f"is-{number}"],
                    elements=[svg.Title(text=escape(f"{label}, {one.name}: {value:g}"))],
                )
            )
    drawn = svg.SVG(
        viewBox=svg.ViewBoxSpec(0, 0, WIDTH, HEIGHT),
        class_=["plot"],
        elements=shapes,
        extra={"role": "img", "aria-label": escape(title, quote=True)},
    )
    return str(drawn)


def ceiling(value: float) -> float:
    """The next round number that is not below `value`: 1, 2 or 5 times a power of ten; 1 for nothing."""
    if value <= 0:
        return 1.0
    power = 1.0
    while power * 10 < value:
        power *= 10
    while power > value:
        power /= 10
    return next(step * power for step in STEPS if step * power >= value)


def _grid(top: float) -> list[svg.Element]:
    found: list[svg.Element] = []
    for number in range(TICKS + 1):
        y = _round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * number / TICKS)
        found.append(svg.Line(x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_=["line"]))
        found.append(_text(f"{top * number / TICKS:g}", LEFT - 6, y + 4, "tick"))
    return found


def _text(words: str, x: float, y: float, look: str) -> svg.Element:
    return svg.Text(text=escape(words), x=_round(x), y=_round(y), class_=[look])


def _round(value: float) -> float:
    return round(value, 1)
