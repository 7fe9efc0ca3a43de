"""The command on real repositories and folders: where the old side comes from, and what is said when it cannot."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from asynq_mon_codegen.cli import main
from asynq_mon_codegen.diff.markdown import LIMIT, MARKER
from asynq_mon_codegen.output import MANIFEST

DECLARATION = """\
from asynq_mon_codegen import Above, Monitoring, Queue, asynq
monitoring = Monitoring(
    service="shop",
    queues=(Queue("critical", thresholds={{asynq.QUEUE_WAIT_HIGH: Above(warning="{level}")}}),),
    alerts=asynq.ALERTS,
)
"""
LINE = "~ AsynqQueueWaitHigh warning, queue critical: above 30s -> 10s (fires earlier)"


def cli(*args: str | Path) -> Result:
    return CliRunner().invoke(main, [str(a) for a in args])


def git(root: Path, *args: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *args], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout


def declare(root: Path, level: str) -> Path:
    path = root / "monitoring.py"
    path.write_text(DECLARATION.format(level=level), encoding="utf-8")
    return path


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository whose only commit holds the files of the declaration with 30s, in a folder of their own."""
    root = tmp_path / "répo with space"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    assert cli("generate", "-c", declare(root, "30s"), "--out", root / "mon").exit_code == 0
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "first")
    return root


def test_against_a_revision(repo: Path) -> None:
    """The old side is what the folder held then, whatever lies there now; the work tree is left alone."""
    config = declare(repo, "10s")
    cli("generate", "-c", config, "--out", repo / "mon")
    before = git(repo, "status", "--porcelain")

    done = cli("diff", "HEAD", "-c", config, "--out", repo / "mon")

    assert done.exit_code == 0, done.output
    assert LINE in done.stdout
    assert "\x1b" not in done.stdout
    assert git(repo, "status", "--porcelain") == before
    assert "Nothing changes" in cli("diff", "-c", config, "--out", repo / "mon").stdout


def test_against_files_on_disk_and_a_folder(repo: Path) -> None:
    """Without BASE the files in --out, else the folder that is named."""
    config = declare(repo, "10s")

    assert LINE in cli("diff", "-c", config, "--out", repo / "mon").stdout
    assert LINE in cli("diff", repo / "mon", "-c", config).stdout


def test_two_sets_of_files(repo: Path) -> None:
    """--head takes the place of the declaration."""
    config = declare(repo, "10s")
    cli("generate", "-c", config, "--out", repo / "mon")
    git(repo, "commit", "--quiet", "-am", "second")

    assert LINE in cli("diff", "HEAD^", "--head", "HEAD", "--out", repo / "mon").stdout
    assert "both say what is new" in cli("diff", "HEAD^", "--head", "HEAD", "-c", config).stderr


def test_a_branch_named_like_a_folder(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without generated files does not hide the branch."""
    git(repo, "branch", "release")
    (repo / "release").mkdir()
    monkeypatch.chdir(repo)

    assert LINE in cli("diff", "release", "-c", declare(repo, "10s"), "--out", "mon").stdout


def test_exit_code(repo: Path) -> None:
    """As git diff: 1 only where it is asked for and something changed."""
    config, out = declare(repo, "30s"), repo / "mon"

    assert cli("diff", "HEAD", "-c", config, "--out", out, "--exit-code").exit_code == 0
    declare(repo, "10s")
    assert cli("diff", "HEAD", "-c", config, "--out", out).exit_code == 0
    assert cli("diff", "HEAD", "-c", config, "--out", out, "--exit-code").exit_code == 1


def test_json(repo: Path) -> None:
    """The same facts for a script."""
    data = json.loads(cli("diff", "HEAD", "-c", declare(repo, "10s"), "--out", repo / "mon", "--json").stdout)

    assert data["summary"]["effects"] == {"louder": 1}
    assert data["changes"][0] == {
        "area": "alerts",
        "kind": "changed",
        "subject": "AsynqQueueWaitHigh",
        "severity": "warning",
        "scope": "queue critical",
        "aspect": "threshold",
        "before": "above 30s",
        "after": "above 10s",
        "effect": "louder",
    }


def test_files_that_are_not_ours_do_not_count(repo: Path) -> None:
    """The manifest says which files belong; without one, all of them do."""
    rule = "groups:\n- name: g\n  rules:\n  - {alert: Foreign, expr: up > 1}\n"
    (repo / "mon" / "rules" / "foreign.yaml").write_text(rule, encoding="utf-8")
    config = declare(repo, "30s")

    assert "Nothing changes" in cli("diff", "-c", config, "--out", repo / "mon").stdout
    (repo / "mon" / MANIFEST).unlink()
    assert "- Foreign removed" in cli("diff", "-c", config, "--out", repo / "mon").stdout


def test_an_old_base_without_a_manifest(repo: Path) -> None:
    """A revision from before there were manifests is read by its folders."""
    git(repo, "rm", "--quiet", f"mon/{MANIFEST}")
    git(repo, "commit", "--quiet", "-m", "no manifest")

    assert LINE in cli("diff", "HEAD", "-c", declare(repo, "10s"), "--out", repo / "mon").stdout


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("rules/waiting.yaml", "groups:\n- name: 'a\n", "rules/waiting.yaml:3: error: not YAML: "),
        ("rules/waiting.yaml", "groups: 7\n", "rules/waiting.yaml: error: groups is not a list"),
        ("rules/waiting.yaml", "- a\n", "rules/waiting.yaml: error: the file is not a mapping"),
        ("dashboards_out/asynq-queue.json", '{\n"a": }', "dashboards_out/asynq-queue.json:2: error: not JSON: "),
        (
            "alertmanager/alertmanager.yaml",
            "route: {receiver: a, matchers: ['a~b']}\n",
            "alertmanager/alertmanager.yaml: error: 'a~b' is not a matcher",
        ),
    ],
)
def test_a_broken_base(repo: Path, file: str, text: str, said: str) -> None:
    """File, line and fault, exit code 2, on disk as in a revision."""
    config = declare(repo, "10s")
    (repo / "mon" / file).write_text(text, encoding="utf-8")
    git(repo, "commit", "--quiet", "-am", "broken")

    for base in ((repo / "mon",), ("HEAD",)):
        done = cli("diff", *base, "-c", config, "--out", repo / "mon")
        assert done.exit_code == 2
        assert said in done.stderr
        assert "help: " in done.stderr


def test_what_cannot_be_compared(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No such revision, no repository, no files, no git: each with what to do, and exit code 2."""
    config = declare(repo, "10s")

    def said(*args: str | Path) -> str:
        done = cli("diff", *args, "-c", config)
        assert done.exit_code == 2, done.output
        assert "help: " in done.stderr
        return done.stderr

    assert "'nope' is neither a folder nor a revision" in said("nope", "--out", repo / "mon")
    assert "no generated files are in" in said("HEAD", "--out", repo)
    (tmp_path / "plain").mkdir()
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    assert "is not in a git repository" in said("HEAD", "--out", tmp_path / "plain")
    assert "there is no such folder" in said("--out", tmp_path / "none")
    assert "two forms of one output" in said("--json", "--markdown")
    monkeypatch.setenv("PATH", str(tmp_path / "plain"))
    assert "there is no git on this machine" in said("HEAD", "--out", repo / "mon")


def test_an_empty_revision_may_be_allowed(repo: Path) -> None:
    """The pull request that introduces monitoring has a base without files."""
    done = cli("diff", "HEAD", "-c", declare(repo, "10s"), "--out", repo, "--allow-empty")

    assert done.exit_code == 0
    assert "+ AsynqQueueWaitHigh added: " in done.stdout


def test_the_default_bundle_against_nothing_is_a_page(tmp_path: Path) -> None:
    """Everything is new, and it still fits on a page and into a comment."""
    done = cli("diff", tmp_path)
    comment = cli("diff", tmp_path, "--markdown").stdout

    assert done.exit_code == 0
    assert len(done.stdout.splitlines()) < 100
    assert "48 added" in done.stdout
    assert comment.startswith(MARKER)
    assert len(comment.encode()) < LIMIT / 2


def test_the_default_bundle_is_quick(tmp_path: Path) -> None:
    """A reviewer does not wait; the bar is 2 s of processor time for the whole process."""
    cli("generate", "--out", tmp_path)
    for path in (tmp_path / "rules").glob("*.yaml"):
        path.write_text(path.read_text("utf-8").replace("for: ", "for: 1h # "), encoding="utf-8")
    began = time.process_time()
    assert cli("diff", "--out", tmp_path).exit_code == 0
    assert time.process_time() - began < 2


def test_the_fleet_example(tmp_path: Path) -> None:
    """A folder of declarations is a declaration like any other."""
    fleet = Path(__file__).resolve().parents[2] / "examples" / "fleet"
    cli("generate", fleet, "--out", tmp_path)

    assert "Nothing changes" in cli("diff", "-c", fleet, "--out", tmp_path).stdout
