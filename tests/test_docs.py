"""Pages that are made from the code are current, and links in the documentation lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_made_pages_are_current() -> None:
    """The catalogue table, the metrics, the checks and the command line say what the code does."""
    done = subprocess.run(
        [sys.executable, "scripts/docs.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link is a file of the repository."""
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))

    missing = [t for t in targets if "://" not in t and not (page.parent / t).exists()]

    assert missing == []
