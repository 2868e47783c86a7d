"""Locust's own web page shows a night of ours while it is played, in a real browser; a picture of it is kept."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

import scenarios
from harness.processes import free_port

pytestmark = pytest.mark.night

ARTEFACTS = Path(__file__).resolve().parents[2] / "build" / "artefacts"
OPERATIONS = {"fund", "send", "pay", "grab", "open", "details"}
ANSWERS = {"grab: sold_out", "open: already_opened"}

Look = Callable[..., str]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """look(url, *options): what Chromium makes of a page; without it tests are skipped, in CI they fail."""
    browser = shutil.which("chromium")
    if browser is None:
        if os.environ.get("CI"):
            pytest.fail("chromium is missing: run ci/install tests")
        pytest.skip("needs chromium: run ci/install tests")
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'chromium'}",
        "--virtual-time-budget=5000", "--window-size=1400,1400",
    ]  # fmt: skip

    def at(url: str, *options: str) -> str:
        done = subprocess.run([*command, *options, url], capture_output=True, text=True, timeout=60, check=True)
        return done.stdout

    return at


@pytest.fixture
def page(model_port: int, tmp_path: Path) -> Iterator[str]:
    """The address of Locust's page, with a night of group_grab under way."""
    port = free_port()
    night = {"PORT": model_port, "HISTORY": tmp_path / "history", "PEOPLE": 120, "PACKETS": 24, "DURATION_S": 15}
    env = os.environ | {f"RAINPROOF_{name}": str(value) for name, value in night.items()}
    locustfile = scenarios.catalogue()["group_grab"].locustfile
    options = ["--autostart", "--web-host", "127.0.0.1", "--web-port", str(port)]
    with (tmp_path / "locust.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "locust", "-f", str(locustfile), *options], env=env, stdout=log, stderr=log
        )
        yield f"http://127.0.0.1:{port}/"
        process.kill()
        process.wait()


def wait_for_answers(page: str) -> None:
    """Until Locust has counted what the page is to show."""
    deadline_s = time.monotonic() + 40
    while not {row["name"] for row in counted(page)} >= OPERATIONS | ANSWERS:
        assert time.monotonic() < deadline_s, counted(page)
        time.sleep(0.2)


def counted(page: str) -> list[dict[str, Any]]:
    try:
        with urlopen(page + "stats/requests", timeout=5) as answer:
            rows: list[dict[str, Any]] = json.load(answer)["stats"]
            return rows
    except URLError:
        return []  # not up yet


def table(html: str) -> dict[str, int]:
    """Name → number of requests, as the page shows them."""
    rows = (re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in re.findall(r"<tr.*?</tr>", html, re.DOTALL))
    return {cells[1]: int(cells[2]) for cells in rows if len(cells) > 2}


def test_the_page_shows_a_night_live(page: str, look: Look) -> None:
    """Our operations and the target's business answers stand in the page's table, and their numbers grow meanwhile."""
    wait_for_answers(page)
    html = look(page, "--dump-dom")
    shown = table(html)
    assert shown.keys() >= OPERATIONS | ANSWERS, shown
    assert ">running<" in html
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    picture = ARTEFACTS / "web_ui.png"
    picture.unlink(missing_ok=True)
    look(page, f"--screenshot={picture}")
    assert picture.read_bytes().startswith(b"\x89PNG")
    later = table(look(page, "--dump-dom"))
    assert all(later[name] >= count for name, count in shown.items())
    assert later["Aggregated"] > shown["Aggregated"]
