"""Shared by the tests of the reports: synthetic runs and, once, a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import synthetic
from playwright.sync_api import Browser, Page, sync_playwright

import wirelaw_reports
from wirelaw.results import Results

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of rendered runs: `big` (2,000 cases, against a baseline), `many` (600), `hostile`."""
    top = tmp_path_factory.mktemp("runs")
    base = synthetic.generate(top / "base", 600, 1)
    for name, size, seed in (("many", 600, 2), ("big", 2000, 2)):
        wirelaw_reports.write(synthetic.generate(top / name, size, seed, baseline=base), top / name)
    hostile = synthetic.generate(top / "hostile", 80, 3, hostile=True, failing=0.3)
    wirelaw_reports.write(hostile, top / "hostile")
    return top


@pytest.fixture(scope="session")
def many(runs: Path) -> Results:
    from wirelaw.results import read_results

    return read_results(runs / "many")


@pytest.fixture(scope="session")
def hostile(runs: Path) -> Results:
    from wirelaw.results import read_results

    return read_results(runs / "hostile")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.fail(f"no browser: install one of {', '.join(CHROMIUM)}")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


class Watched:
    """A page of which every complaint and every request is kept."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        page.on("request", lambda request: self.requests.append(request.url))

    def open(self, file: Path, address: str = "") -> Page:
        """Opens a page from its file, fresh."""
        self.page.goto("about:blank")
        self.requests.clear()
        self.page.goto(file.as_uri() + address)
        return self.page

    def strangers(self, file: Path) -> list[str]:
        """Requests for anything but the file itself and what it carries."""
        own = file.as_uri()
        return [
            url for url in self.requests if url.split("#")[0] != own and not url.startswith("data:")
        ]


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Watched(context.new_page())
    context.close()
