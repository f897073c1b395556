"""axe-core's rules on the page that is shown; the script comes inside a package and is never copied."""

from importlib import resources

from playwright.async_api import Page

SCRIPT = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" ").slice(0, 300)}`);
}"""


async def violations(page: Page) -> list[str]:
    """Every rule of axe that the page breaks, with the elements that break it."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(SCRIPT)
    found: list[str] = await page.evaluate(RUN)
    return found
