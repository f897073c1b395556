"""Pages for paper: made here whole, so that they print the same everywhere and need no script."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Literal

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from api.kiosk_snapshot import office
from api.page_files import PAGES
from api.plots import Series, bars
from api.running import Running
from locker import reports
from locker.acceptance import Sheet

PRINTS = PAGES / "print"
Language = Literal["vi", "en"]


def report(running: Running, periods: tuple[reports.Period, ...], by: reports.By, lang: Language) -> HTMLResponse:
    """The report of a span with its plots and, below, every figure."""
    words = _words(lang)
    labels = [_label(one.period, by) for one in periods]

    def plot(name: str, *series: tuple[str, list[float | None]]) -> dict[str, Any]:
        kinds = [Series(words[key], tuple(values)) for key, values in series]
        if not any(value for one in kinds for value in one.values):
            return {"title": words[name], "drawn": "", "names": []}
        drawn = bars(words[name], labels, kinds)
        return {"title": words[name], "drawn": Markup(drawn), "names": [one.name for one in kinds]}  # noqa: S704  escaped there

    def counted(of: str, keys: tuple[str, ...]) -> list[tuple[str, list[float | None]]]:
        return [(f"{of}.{key}", [getattr(one, of)[key] for one in periods]) for key in keys]

    plots = [
        plot(
            "plot.passed",
            ("loaded", [one.loaded for one in periods]),
            ("collected", [one.collected for one in periods]),
            ("reclaimed", [one.reclaimed for one in periods]),
        ),
        plot("plot.hours", ("percent", [_percent(one.out_of_hours_share) for one in periods])),
        plot(
            "plot.dwell",
            ("median", [one.dwell_median_hours for one in periods]),
            ("ninetieth", [one.dwell_p90_hours for one in periods]),
        ),
        plot("plot.legs", *counted("leg_hours", tuple(reports.LEGS))),
        plot("plot.overdue", ("overdue", [one.overdue for one in periods])),
        plot("plot.ratings", *counted("ratings", reports.FACES)),
        plot("plot.reasons", *counted("reasons", reports.REASONS)),
        plot("plot.failures", *counted("failures", reports.FAILURES)),
        plot(
            "plot.forced",
            ("exceptional", [one.exceptional for one in periods]),
            ("glass", [one.glass for one in periods]),
        ),
    ]
    return _page("report.html", running, lang, periods=periods, plots=plots, reports=reports, percent=_percent)


def balance(running: Running, told: dict[str, Any], lang: Language) -> HTMLResponse:
    """The leader's question on one sheet."""
    return _page("balance.html", running, lang, told=told)


def acceptance(running: Running, sheet: Sheet, signed: str, public: str, lang: Language) -> HTMLResponse:
    """What a commissioning found, with lines for two signatures by hand and the cabinet's own below."""
    return _page("acceptance.html", running, lang, sheet=sheet, signed=signed, public=public)


def _page(template: str, running: Running, lang: Language, **values: Any) -> HTMLResponse:
    now = running.local(running.clock().utc_ms)
    page = _templates().get_template(template)
    shown = page.render(t=_words(lang), lang=lang, now=f"{now:%d/%m/%Y %H:%M}", **office(running), **values)
    return HTMLResponse(shown, headers={"Cache-Control": "no-store"})


def _label(period: str, by: reports.By) -> str:
    """A period as it stands under a bar: 22/11, W47, 11/2026."""
    if by == "day":
        return f"{period[8:]}/{period[5:7]}"
    return period[5:] if by == "week" else f"{period[5:]}/{period[:4]}"


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share)


@cache
def _templates() -> Environment:
    found = Environment(loader=FileSystemLoader(PRINTS), autoescape=True, undefined=StrictUndefined)
    found.filters["day"] = _day
    found.filters["moment"] = lambda iso: f"{_day(iso)} {iso[11:16]}"
    return found


def _day(iso: str) -> str:
    return "/".join(reversed(iso[:10].split("-")))


@cache
def _words(lang: Language) -> dict[str, str]:
    found: dict[str, str] = json.loads((PRINTS / "words" / f"{lang}.json").read_text(encoding="utf-8"))
    return found
