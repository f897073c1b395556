"""Reports for leaders by day, week or month, as JSON as a table for a spreadsheet, or as a page for paper."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import Field, model_validator

from api import prints, problems
from api.bodies import Body
from api.callers import Cabinets
from api.clerk import STORED
from api.exceptional import Leader
from api.running import Running
from locker import reports

LONGEST_DAYS = 3 * 366
BYTE_ORDER_MARK = "\ufeff"  # without it spreadsheets take UTF-8 for something else


class Span(Body):
    """First and last day of a report, both included."""

    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]
    by: reports.By = "day"
    shape: Annotated[Literal["json", "csv", "html"], Field(alias="as")] = "json"
    lang: prints.Language = "vi"

    @model_validator(mode="after")
    def _is_a_span(self) -> Self:
        if not 0 <= (self.last - self.first).days <= LONGEST_DAYS:
            raise ValueError("`to` lies before `from`, or more than three years behind it")
        return self


router = APIRouter(prefix="/api/clerk")


@router.get("/reports", response_class=Response, responses=problems.documented(*STORED))
async def report(session: Leader, running: Cabinets, span: Annotated[Span, Query()]) -> Response:
    _ = session
    found = await periods_of(running, span)
    if span.shape == "html":
        return prints.report(running, found, span.by, span.lang)
    lines = [told(one) for one in found]
    if span.shape == "json":
        return JSONResponse({"periods": lines})
    name = f"{running.config.cabinet.id}-{span.first}-{span.last}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(table(lines), media_type="text/csv; charset=utf-8", headers=headers)


async def periods_of(running: Running, span: Span) -> tuple[reports.Period, ...]:
    """One line for each period of the span."""
    zone = running.office.zone
    start = _utc_ms(datetime.combine(span.first, time(), tzinfo=zone))
    end = _utc_ms(datetime.combine(span.last + timedelta(days=1), time(), tzinfo=zone))
    days = (span.first, span.last)
    rows = await running.journal.read(lambda connection: reports.read(connection, start, end, days))
    return reports.periods(
        rows,
        *days,
        by=span.by,
        today=date.fromisoformat(running.today(running.clock())),
        local=running.local,
        is_office_open=running.office.is_open,
    )


def told(one: reports.Period) -> dict[str, Any]:
    """One line of a report, flat."""
    return {
        "period": one.period,
        "loaded": one.loaded,
        "collected": one.collected,
        "out_of_hours": one.out_of_hours,
        "out_of_hours_share": one.out_of_hours_share,
        "dwell_median_hours": one.dwell_median_hours,
        "dwell_p90_hours": one.dwell_p90_hours,
        "reclaimed": one.reclaimed,
        "missing": one.missing,
        "exceptional": one.exceptional,
        "glass": one.glass,
        **one.failures,
        "overdue": one.overdue,
        **{f"rated_{face}": count for face, count in one.ratings.items()},
        **{f"because_{reason}": count for reason, count in one.reasons.items()},
        **{f"{leg}_hours": hours for leg, hours in one.leg_hours.items()},
    }


def table(lines: list[dict[str, Any]]) -> str:
    """The lines as comma-separated values (RFC 4180) with a heading."""
    text = io.StringIO()
    text.write(BYTE_ORDER_MARK)
    writer = csv.DictWriter(text, list(lines[0]))
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _utc_ms(local: datetime) -> int:
    return int(local.timestamp() * 1000)
