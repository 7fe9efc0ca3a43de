"""The workflows that init writes, run as CI runs them; only the forges' programs, gh and curl, are stood in for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from asynq_mon_codegen.cli import main

MARKER = "<!-- asynq-mon diff -->"
BOT = "github-actions[bot]"
TOKEN = "glpat-of-the-test"

GH = """\
import json, os, subprocess, sys
from pathlib import Path

args = sys.argv[1:]
store = Path(os.environ["STORE"])
assert args.pop(0) == "api"
option = lambda name: args[args.index(name) + 1] if name in args else None
method, body, jq = option("--method") or "GET", option("-F"), option("--jq")
url = next(a for a in args if a.startswith("repos/"))
comments = json.loads(store.read_text())
if os.environ.get("READ_ONLY") and method != "GET":
    sys.exit("gh: Resource not accessible by integration (HTTP 403)")
if method == "GET":
    assert url == "repos/shop/mon/issues/7/comments" and "--paginate" in args
    done = subprocess.run(["jq", "-r", jq], input=json.dumps(comments), text=True, capture_output=True, check=True)
    sys.stdout.write(done.stdout)
else:
    assert body.startswith("body=@")
    text = Path(body.removeprefix("body=@")).read_text()
    if method == "POST":
        assert url == "repos/shop/mon/issues/7/comments"
        comments.append({"id": 100 + len(comments), "user": {"login": "github-actions[bot]"}, "body": text})
    else:
        found = [c for c in comments if url == f"repos/shop/mon/issues/comments/{c['id']}"]
        assert len(found) == 1, url
        found[0]["body"] = text
    store.write_text(json.dumps(comments))
"""

CURL = """\
import json, os, sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

args = sys.argv[1:]
store = Path(os.environ["STORE"])
token = os.environ["ASYNQ_MON_GITLAB_TOKEN"]
assert sys.stdin.read() == f'header = "PRIVATE-TOKEN: {token}"\\n'
assert token not in " ".join(args) and "--fail" in args
option = lambda name: args[args.index(name) + 1] if name in args else None
method, data = option("--request") or "GET", option("--data-urlencode")
url = urlsplit(next(a for a in args if a.startswith("https://")))
query = {k: v[0] for k, v in parse_qs(url.query).items()}
notes = json.loads(store.read_text())
base = "/api/v4/projects/5/merge_requests/7/notes"
if method == "GET" and url.path == "/api/v4/user":
    print(json.dumps({"id": 1}))
elif method == "GET":
    assert url.path == base
    size, page = int(query["per_page"]), int(query["page"])
    print(json.dumps(notes[(page - 1) * size : page * size]))
else:
    name, _, file = data.partition("@")
    assert name == "body"
    text = Path(file).read_text()
    if method == "POST":
        assert url.path == base
        notes.append({"id": 1000 + len(notes), "author": {"id": 1}, "body": text})
    else:
        assert method == "PUT"
        found = [n for n in notes if url.path == f"{base}/{n['id']}"]
        assert len(found) == 1, url.path
        found[0]["body"] = text
    store.write_text(json.dumps(notes))
"""


def git(root: Path, *args: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", *identity, *args], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()


class Forge:
    """A repository on a forge whose pull request changes one threshold; each run is one push to it."""

    def __init__(self, folder: Path, ci: str) -> None:
        self.root = folder / "mon"
        self.store = folder / "comments.json"
        self.store.write_text("[]", encoding="utf-8")
        done = CliRunner().invoke(main, ["init", str(self.root), "--ci", ci, "--service", "shop"])
        assert done.exit_code == 0, done.output
        self.path = self.root / {"github": ".github/workflows/monitoring.yml", "gitlab": ".gitlab-ci.yml"}[ci]
        self.workflow: Any = yaml.safe_load(self.path.read_text("utf-8"))
        self.bin = folder / "bin"
        self.bin.mkdir()
        program = self.bin / ("gh" if ci == "github" else "curl")
        program.write_text(f"#!{sys.executable}\n{GH if ci == 'github' else CURL}", encoding="utf-8")
        program.chmod(0o755)
        (self.bin / "asynq-mon").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m asynq_mon_codegen "$@"\n', "utf-8")
        (self.bin / "asynq-mon").chmod(0o755)
        git(self.root, "init", "--quiet", "--initial-branch=main")
        self.generate()
        git(self.root, "commit", "--quiet", "-m", "first")
        self.base = git(self.root, "rev-parse", "HEAD")
        git(self.root, "checkout", "--quiet", "-b", "change")

    def generate(self) -> None:
        config = self.root / "monitoring.py"
        assert CliRunner().invoke(main, ["generate", str(config), "--out", str(self.root)]).exit_code == 0
        git(self.root, "add", ".")

    def hold(self, hold: str) -> None:
        """Push a change: AsynqQueuePaused is held so long."""
        path = self.root / "monitoring.py"
        text = git(self.root, "show", f"{self.base}:monitoring.py")
        changed = f'asynq.ALERTS.replace(evolve(asynq.QUEUE_PAUSED, hold="{hold}"))'
        text = text.replace("alerts=asynq.ALERTS,", f"alerts={changed},").replace("asynq\n", "asynq, evolve\n", 1)
        path.write_text(text + "\n", encoding="utf-8")
        self.generate()
        git(self.root, "commit", "--quiet", "--allow-empty", "-m", hold)

    def merge(self) -> None:
        """What GitHub checks out: the merge of the pull request into its base, which is its first parent."""
        git(self.root, "checkout", "--quiet", "--detach", "main")
        git(self.root, "merge", "--quiet", "--no-ff", "-m", "merge", "change")

    def shell(self, script: str, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", *options, "-c", script],
            cwd=self.root,
            env={"PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.root), "STORE": str(self.store), **env},
            capture_output=True,
            text=True,
            check=False,
        )

    def comments(self) -> list[Any]:
        found: list[Any] = json.loads(self.store.read_text("utf-8"))
        return found

    def ours(self) -> list[str]:
        return [c["body"] for c in self.comments() if c["body"].startswith(MARKER) and c["id"] != 1]


class GitHub(Forge):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "github")
        self.summary = folder / "summary.md"

    def push(self, hold: str, **env: str) -> str:
        git(self.root, "checkout", "--quiet", "change")
        self.hold(hold)
        self.merge()
        output = self.store.parent / "output"
        output.write_text("", encoding="utf-8")
        common = {"RUNNER_TEMP": str(self.store.parent), "GITHUB_OUTPUT": str(output), **env}
        steps = {s["name"]: s for s in self.workflow["jobs"]["diff"]["steps"] if "name" in s}
        told = self.shell(steps["Tell what changes"]["run"], "-e", **common)
        assert told.returncode == 0, told.stderr
        changes = output.read_text("utf-8").strip().removeprefix("changes=")
        posting = {"REPOSITORY": "shop/mon", "PULL_REQUEST": "7", "CHANGES": changes}
        posted = self.shell(steps["Post it"]["run"], "-e", GITHUB_STEP_SUMMARY=str(self.summary), **common, **posting)
        assert posted.returncode == 0, posted.stderr
        return posted.stdout


class GitLab(Forge):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "gitlab")

    def push(self, hold: str, token: str = TOKEN) -> str:
        self.hold(hold)
        script = self.workflow["diff"]["script"]
        assert script[0].startswith("pip install asynq-mon-codegen==")
        done = self.shell(
            "\n".join(script[1:]),
            "-eo",
            "pipefail",
            CI_MERGE_REQUEST_DIFF_BASE_SHA=self.base,
            CI_API_V4_URL="https://gitlab.example.com/api/v4",
            CI_MERGE_REQUEST_PROJECT_ID="5",
            CI_MERGE_REQUEST_IID="7",
            **({"ASYNQ_MON_GITLAB_TOKEN": token} if token else {}),
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="gh selects comments with jq's language")


@pytest.fixture
def github(tmp_path: Path) -> GitHub:
    return GitHub(tmp_path)


@pytest.fixture
def gitlab(tmp_path: Path) -> GitLab:
    return GitLab(tmp_path)


@needs_jq
def test_github_keeps_one_comment(github: GitHub) -> None:
    """The first push posts it, the second updates it, one that takes everything back says so; others' stay."""
    foreign = {"id": 1, "user": {"login": "mallory"}, "body": f"{MARKER} mine"}
    github.store.write_text(json.dumps([foreign]), encoding="utf-8")

    github.push("2h")
    assert len(github.ours()) == 1
    assert "hold `30m` → `2h` **(fires later)**" in github.ours()[0]

    github.push("3h")
    assert len(github.ours()) == 1
    assert "hold `30m` → `3h` **(fires later)**" in github.ours()[0]

    github.push("30m")
    assert len(github.ours()) == 1
    assert "nothing changes for people" in github.ours()[0]
    assert github.comments()[0] == foreign
    assert not github.summary.exists()


@needs_jq
def test_github_says_nothing_where_nothing_changes(github: GitHub) -> None:
    """No comment is posted only to say that there is nothing."""
    github.push("30m")

    assert github.comments() == []


@needs_jq
def test_github_with_the_token_of_a_fork(github: GitHub) -> None:
    """It may not write, so the summary holds what the comment would, and the job does not fail."""
    said = github.push("2h", READ_ONLY="1")

    assert github.comments() == []
    assert "::notice::" in said
    assert "hold `30m` → `2h`" in github.summary.read_text("utf-8")


def test_github_workflow(github: GitHub) -> None:
    """Only the posting job may write, only on pull requests; its base is there, and no name enters a script."""
    job = github.workflow["jobs"]["diff"]

    assert job["if"] == "github.event_name == 'pull_request'"
    assert job["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert github.workflow["permissions"] == {"contents": "read"}
    assert job["steps"][0]["with"]["fetch-depth"] == 2
    assert not [s for s in job["steps"] if "${{" in s.get("run", "")]


def test_gitlab_keeps_one_note(gitlab: GitLab) -> None:
    """As on GitHub; also where our note stands behind a hundred of others."""
    others = [{"id": i, "author": {"id": 2}, "body": f"{MARKER} theirs"} for i in range(150)]
    gitlab.store.write_text(json.dumps(others), encoding="utf-8")

    for hold in ("2h", "3h"):
        gitlab.push(hold)
        assert len(gitlab.comments()) == 151
        assert f"hold `30m` → `{hold}` **(fires later)**" in gitlab.comments()[150]["body"]
    gitlab.push("30m")

    assert "nothing changes for people" in gitlab.comments()[150]["body"]
    assert gitlab.comments()[:150] == others


def test_gitlab_without_a_token(gitlab: GitLab) -> None:
    """The log holds what the note would, and a sentence that says what to set; the job does not fail."""
    said = gitlab.push("2h", token="")

    assert gitlab.comments() == []
    assert "hold `30m` → `2h`" in said
    assert "Not posted: there is no CI/CD variable ASYNQ_MON_GITLAB_TOKEN" in said


def test_gitlab_workflow(gitlab: GitLab) -> None:
    """The note is for merge requests only, and all of the history is there."""
    job = gitlab.workflow["diff"]

    assert job["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}]
    assert job["variables"] == {"GIT_DEPTH": "0"}


def test_a_fault_fails_the_job(github: GitHub) -> None:
    """A declaration that cannot be read is no comment: the step ends with the command's own code."""
    (github.root / "monitoring.py").write_text("monitoring = 7\n", encoding="utf-8")
    steps = {s["name"]: s for s in github.workflow["jobs"]["diff"]["steps"] if "name" in s}

    done = github.shell(
        steps["Tell what changes"]["run"], "-e", RUNNER_TEMP=str(github.store.parent), GITHUB_OUTPUT="/dev/null"
    )

    assert done.returncode != 0
    assert "error: " in done.stderr


def test_unknown_ci(tmp_path: Path) -> None:
    """The choices are told."""
    done = CliRunner().invoke(main, ["init", str(tmp_path / "x"), "--ci", "jenkins"])

    assert done.exit_code == 2
    assert "'github', 'gitlab'" in done.stderr
