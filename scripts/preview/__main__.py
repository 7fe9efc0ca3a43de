"""``python scripts/preview``: the dashboards of the default declaration, drawn over a made-up deployment.

Starts a Prometheus (and stops it), fills it with six hours of a seeded story, draws every panel of
every dashboard and says which had data. Pages go to ``build/preview``, the two pictures of the
README to ``docs/images``. It is a preview, not Grafana's own picture.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import story
from database import Database, fill
from page import WIDTH, Drawn, Page

from asynq_mon_codegen.catalog import ALERTS
from asynq_mon_codegen.catalog.dashboards import dashboard_records
from asynq_mon_codegen.generators import dashboards
from asynq_mon_codegen.model import Monitoring
from asynq_mon_codegen.plan import Plan, resolve

ROOT = Path(__file__).resolve().parents[2]
PICTURES = {"asynq-overview": ("overview.png", {}), "asynq-queue": ("queue.png", {"queue": "emails"})}


def main() -> int:
    """Draw everything; 1 when a query failed."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--pages", type=Path, default=ROOT / "build" / "preview", help="folder of the HTML pages")
    arguments.add_argument("--images", type=Path, default=ROOT / "docs" / "images", help="folder of the pictures")
    arguments.add_argument("--database", type=Path, help="keep the filled database here, and use it again")
    given = arguments.parse_args()
    given.pages.mkdir(parents=True, exist_ok=True)
    given.images.mkdir(parents=True, exist_ok=True)
    monitoring = Monitoring(alerts=ALERTS, instrumentation=True)
    plan = resolve(monitoring, dashboard_records(monitoring))
    with tempfile.TemporaryDirectory() as scratch:
        database = Database(given.database or Path(scratch))
        if not database.data.exists():
            database.folder.mkdir(parents=True, exist_ok=True)
            fill(database, plan)
        with database.running():
            return _draw_all(plan, database, given.pages, given.images)


def _draw_all(plan: Plan, database: Database, pages: Path, images: Path) -> int:
    failed = empty = 0
    for artifact in dashboards.generate(plan):
        board = json.loads(artifact.text)
        every = {v["name"]: ".+" for v in board["templating"]["list"]}
        drawn = Page(database, story.START, story.END, every, open_rows=True).draw(board)
        (pages / f"{board['uid']}.html").write_text(drawn.html, encoding="utf-8")
        for seen in drawn.seen:
            failed += bool(seen.error)
            empty += not seen.series
            print(f"{board['uid']:16} {seen.error or f'{seen.series:3} series':12} {seen.title}")
        if board["uid"] in PICTURES:
            name, chosen = PICTURES[board["uid"]]
            picture = Page(database, story.START, story.END, every | chosen).draw(board)
            _photograph(picture, pages / f"{board['uid']}-picture.html", images / name)
    print(f"{failed} failed, {empty} without data")
    return 1 if failed else 0


def _photograph(drawn: Drawn, page: Path, picture: Path) -> None:
    page.write_text(drawn.html, encoding="utf-8")
    with tempfile.TemporaryDirectory() as profile:
        command = [
            "chromium",
            *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
            f"--user-data-dir={profile}",
            f"--window-size={WIDTH},{drawn.height}",
            f"--screenshot={picture}",
            page.as_uri(),
        ]
        subprocess.run(command, check=True, timeout=120, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
