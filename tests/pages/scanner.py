"""A scanner at the kiosk: the signs of one line and Enter as fast as a scanner types, however busy the machine is."""

from playwright.async_api import Page

TYPES = """(line) => {
  for (const key of [...line, "Enter"]) document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
}"""


async def scan(page: Page, line: str) -> None:
    """Read this line. Keys sent one by one may come slower than a finger where others use the processor too."""
    await page.evaluate(TYPES, line)
