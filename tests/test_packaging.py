"""Tests of what is shipped: a wheel must hold the templates that a checkout has beside the package."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_wheel_holds_everything(tmp_path: Path) -> None:
    """Templates, schemas, the type marker and the licence are in the wheel, tests are not."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())

    templates = {f"asynq_mon_codegen/{p.relative_to(ROOT)}" for p in (ROOT / "templates").rglob("*") if p.is_file()}
    package = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "asynq_mon_codegen").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert templates | package <= names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert not any(name.startswith("tests/") for name in names)
