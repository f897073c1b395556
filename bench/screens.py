"""What a citizen's screen costs: touches, human time, first paint, weight, and how soon a fact is seen.

The touches are those of the page; `tests/pages/test_kiosk_page.py` and `test_kiosk_intake.py` make just these in a real
Chromium. Digits are typed by an unpractised hand that reads them from a phone; what hands do at the steel and how long
people read are assumptions, named here. The page is measured in Chromium against a running controller.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx
from playwright.async_api import Browser, Page, async_playwright

from bench.latency import pull, push, quick_locks, steel
from bench.table import Row, percentile
from simulator.children import held, until_ready
from simulator.desk import first_free_port, set_up
from simulator.players import Clerk, Kiosk
from simulator.stack import ROOT, commands
from simulator.stage import Stage

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
DIGIT_S = 0.9  # find a key and press it, one finger
LOOK_S = 2.0  # look at the phone for the next four digits
TOUCH_S = 1.5  # find a button and press it
READ_S = 3.0  # a screen with one question
STUDY_S = 12.0  # a screen with what to bring and the house rules
DOOR_OPENS_S = 1.5
COLLECT_S = 12.0  # see which door, step there, pull, take the envelope out, push
DEPOSIT_S = 20.0  # the same, after writing the number on the bag
TYPED_S = 1.0  # a quick hand needs longer for twelve digits; what changed before is on the screen by then
PAINTS = 5
CHANGES = 10
WEIGHT = """() => performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
  .reduce((sum, one) => sum + one.encodedBodySize, 0)"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
# Notes when each snapshot reaches the page, before the page looks at it.
ARRIVALS = """window.EventSource = class extends EventSource {
  constructor(...by) {
    super(...by);
    this.addEventListener("message", () => (window.arrivedAt = performance.timeOrigin + performance.now()));
  }
}"""
# When the snapshot with the opening door came, was in the page's tree, and when the frame that shows it is there.
SEEN = """() => new Promise((resolve) => {
  const now = () => performance.timeOrigin + performance.now();
  new MutationObserver((_changes, observer) => {
    if (!document.querySelector("[data-testid=screen-opening]")) return;
    observer.disconnect();
    const [arrived, drawn] = [window.arrivedAt, now()];
    requestAnimationFrame(() => requestAnimationFrame(() => resolve({ arrived, drawn, seen: now() })));
  }).observe(document.body, { subtree: true, childList: true, attributes: true });
})"""


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit by touch: `digits` in groups read from the phone, `touches` besides them, screens read, hands' time."""

    digits: int
    looks: int
    touches: int
    reads: int
    other_s: float

    @property
    def seconds(self) -> float:
        return self.digits * DIGIT_S + self.looks * LOOK_S + self.touches * TOUCH_S + self.reads * READ_S + self.other_s


# collect; "received all"
PICKUP = Visit(digits=12, looks=3, touches=2, reads=2, other_s=DOOR_OPENS_S + COLLECT_S)
# intake, kind, size, go on, type twice, go on, no code on the bag, "left it"; the receipt clears itself
INTAKE = Visit(digits=20, looks=0, touches=8, reads=6, other_s=STUDY_S + DOOR_OPENS_S + DEPOSIT_S)


@dataclass(frozen=True, slots=True)
class Seen:
    """Milliseconds since a code was sent: it is answered (committed), the page has the snapshot, drew, painted it."""

    answered: float
    arrived: float
    drawn: float
    seen: float


async def _committed_to_seen(stage: Stage, kiosk: Kiosk, clerk: Clerk, page: Page) -> Seen:
    """Send a practice code, whose visit is committed at once, and watch for the frame that shows its door."""
    (await clerk.post("practice")).raise_for_status()
    digits = (await clerk.snapshot())["practice"]["code"]
    await asyncio.sleep(TYPED_S)
    frame = asyncio.ensure_future(page.evaluate(SEEN))
    await page.evaluate("1")  # answered in order: from now on the page is watched
    sent = time.time() * 1000
    (await kiosk.type_code(digits)).raise_for_status()
    answered = time.time() * 1000 - sent
    page_times = await frame
    door = (await kiosk.snapshot())["visit"]["doors"][0]
    await pull(stage, int(door["compartment"]), put=False)
    await kiosk.door("open")  # however late a busy machine reads its input
    push(stage, int(door["compartment"]))
    await kiosk.door("closed")
    (await kiosk.press("answers", hand_over=door["hand_over"], said="received_all")).raise_for_status()
    kiosk.visit = ""
    await page.get_by_test_id("screen-idle").wait_for()
    return Seen(answered=answered, **{name: float(at) - sent for name, at in page_times.items()})


async def _opened(browser: Browser, url: str) -> Page:
    """The kiosk at rest, in a page of its own."""
    page = await browser.new_page(viewport={"width": 1280, "height": 800})
    await page.add_init_script(ARRIVALS)
    await page.goto(url)
    await page.get_by_test_id("screen-idle").wait_for()
    return page


async def _measured() -> tuple[list[float], float, list[Seen]]:
    """First paints in ms, the page's weight in bytes, and codes sent until they are seen."""
    with tempfile.TemporaryDirectory(prefix="dossier-bench-") as folder:
        desk = set_up(Path(folder), port_base=first_free_port())
        quick_locks(desk.config)
        async with contextlib.AsyncExitStack() as stack:
            stage = await stack.enter_async_context(steel(desk, baud=None))
            children = await stack.enter_async_context(held(desk.logs))
            for name in ("centre", "controller"):
                await until_ready(await children.start(name, commands(desk)[name], cwd=ROOT))
            playwright = await stack.enter_async_context(async_playwright())
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            stack.push_async_callback(browser.close)
            page = await _opened(browser, desk.url("kiosk"))
            paints = [float(await page.evaluate(PAINT))]
            for _ in range(PAINTS - 1):
                await page.close()  # the cabinet has one screen
                page = await _opened(browser, desk.url("kiosk"))
                paints.append(float(await page.evaluate(PAINT)))
            weight = float(await page.evaluate(WEIGHT))

            async def client(name: str) -> httpx.AsyncClient:
                address = desk.url(name)
                return await stack.enter_async_context(httpx.AsyncClient(base_url=address, trust_env=False, timeout=30))

            kiosk = Kiosk(await client("kiosk"))
            clerk = Clerk(await client("clerk"), desk.people[0], kiosk)
            await kiosk.arrive()
            await clerk.sign_in()
            await clerk.show_presence()
            return paints, weight, [await _committed_to_seen(stage, kiosk, clerk, page) for _ in range(CHANGES)]


def rows() -> list[Row]:
    """The figures of this file."""
    paints, weight, seen = asyncio.run(_measured())
    return [
        Row("touches besides digits, typed pickup", PICKUP.touches, "", 2, bar=1),
        Row("touches besides digits, intake", INTAKE.touches, "", 8, bar=1),
        Row("a typed pickup, human time", PICKUP.seconds, "s", 45, bar=1),
        Row("an intake, human time", INTAKE.seconds, "s", 180, "(3 min)", bar=1),
        Row("first paint, median of 5", median(paints), "ms", 1000, bar=1),
        Row("weight of the page", weight / 1000, "kB", 300, bar=1),
        Row("a code sent, committed and seen, p50", percentile([one.seen for one in seen], 0.5), "ms", 100, bar=1),
        Row(
            "  sent to answered (checked, decided, committed), p50",
            percentile([one.answered for one in seen], 0.5),
            "ms",
        ),
        Row("  sent to the snapshot at the page, p50", percentile([one.arrived for one in seen], 0.5), "ms"),
        Row("  the page draws it, p50", percentile([one.drawn - one.arrived for one in seen], 0.5), "ms"),
        Row("  two frames until it is painted, p50", percentile([one.seen - one.drawn for one in seen], 0.5), "ms"),
        Row("a code sent, committed and seen, largest", max(one.seen for one in seen), "ms", 100, bar=1),
    ]
