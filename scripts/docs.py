"""Write the parts of the documentation that are made from the code: `python scripts/docs.py [--check]`."""

from __future__ import annotations

import inspect
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from asynq_mon_codegen.build import EMBEDDED, build, open_declaration
from asynq_mon_codegen.catalog.metrics import CONTRACT
from asynq_mon_codegen.catalogue_table import rows
from asynq_mon_codegen.checks import registry
from asynq_mon_codegen.cli import main as cli
from asynq_mon_codegen.diff.compare import compare
from asynq_mon_codegen.diff.files import DIFFED, of_artifacts
from asynq_mon_codegen.diff.text import text_of

ROOT = Path(__file__).resolve().parent.parent


def catalogue() -> str:
    """The table of all alerts."""
    plan = open_declaration(EMBEDDED)
    lines = ["| alert | threat | fires | for | needs |", "|---|---|---|---|---|"]
    for row in rows(plan):
        link = f"[{row['alert']}](runbooks/{row['alert']}.md)"
        lines.append(f"| {link} | {row['threat']} | {row['fires']} | {row['for']} | {row['needs']} |")
    return "\n".join(lines)


def figures() -> str:
    """How much there is."""
    plan = open_declaration(EMBEDDED)
    return (
        f"{len({a.name for a in plan.alerts})} alerts ({len(plan.alerts)} rules), {len(plan.records)} recorded series, "
        f"{len(CONTRACT)} metrics in the contract."
    )


def metrics() -> str:
    """docs/metrics.md."""
    out = [
        "# The metric contract",
        "",
        "Made from the code. Every family that rules and panels may use, with its true type.",
        "",
    ]
    for source in dict.fromkeys(m.source for m in CONTRACT):
        out += [f"## {source.value}", "", "| metric | type | labels | unit | meaning |", "|---|---|---|---|---|"]
        for metric in (m for m in CONTRACT if m.source is source):
            labels = ", ".join(
                label.name + (f" ({', '.join(label.values)})" if label.values else "") for label in metric.label_set
            )
            note = f" ({metric.note})" if metric.note else ""
            out.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.unit} | {metric.help}{note} |")
        out.append("")
    return "\n".join(out).rstrip() + "\n"


def checks() -> str:
    """docs/checks.md."""
    out = ["# Checks", "", "Made from the code: what `asynq-mon check` and `asynq-mon generate` look at.", ""]
    for name, function in sorted(registry.CHECKS.items()):
        module = inspect.getmodule(function)
        out += [f"## {name}", "", inspect.cleandoc((module and module.__doc__) or ""), ""]
    return "\n".join(out).rstrip() + "\n"


def command_line() -> str:
    """docs/cli.md."""
    out = ["# The command line", "", "Made from the code: what `--help` says.", ""]
    with click.Context(cli, info_name="asynq-mon") as context:
        out += ["```text", cli.get_help(context), "```", ""]
        for name in cli.list_commands(context):
            command = cli.get_command(context, name)
            assert command is not None
            with click.Context(command, info_name=f"asynq-mon {name}", parent=None) as below:
                out += [f"## {name}", "", "```text", command.get_help(below), "```", ""]
    return "\n".join(out).rstrip() + "\n"


def example() -> str:
    """The worker that docs/instrumentation.md shows; it is compiled with the lab."""
    text = (ROOT / "lab" / "example" / "main.go").read_text(encoding="utf-8")
    code = text[text.index("package main") :]
    code = code.replace("asynq-mon-lab/instrumentation", "example.com/shop/internal/asynqmetrics")
    return f"```go\n{code}```"


def difference() -> str:
    """What `asynq-mon diff` tells when a team changes a few lines of examples/orders.py."""
    old = ROOT / "examples" / "orders.py"
    text = old.read_text(encoding="utf-8")
    for before, after in (
        ('warning="10s", critical="1m"', 'warning="5s", critical="1m"'),
        ('Queue("invoices"),', 'Queue("invoices", thresholds={asynq.QUEUE_PAUSED: None}),'),
        ("#orders-alerts", "#checkout-alerts"),
        ("severities=Severity.WARNING, also", "severities=(Severity.CRITICAL, Severity.WARNING), also"),
        ('.without("AsynqHostDiskFilling")', '.without("AsynqHostDiskFilling", "AsynqHostCPUHigh")'),
    ):
        assert before in text, before
        text = text.replace(before, after)
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder) / "orders.py"
        new.write_text(text, encoding="utf-8")
        sides = (
            of_artifacts(build(path, DIFFED).artifacts, name) for path, name in ((old, "main"), (new, "orders.py"))
        )
        return f"```text\n{click.unstyle(text_of(compare(*sides)))}\n```"


def with_section(text: str, name: str, body: str) -> str:
    """``text`` with the part between the markers of ``name`` made new."""
    pattern = rf"(<!-- {name}: made by scripts/docs\.py -->\n).*?(<!-- end of {name} -->)"
    assert re.search(pattern, text, re.DOTALL), name
    return re.sub(pattern, lambda m: f"{m.group(1)}{body}\n{m.group(2)}", text, flags=re.DOTALL)


def pages() -> Iterator[tuple[Path, str]]:
    """Every page that has something made from the code."""
    readme = ROOT / "README.md"
    text = with_section(readme.read_text(encoding="utf-8"), "catalogue", catalogue())
    yield readme, with_section(text, "figures", figures())
    guide = ROOT / "docs" / "instrumentation.md"
    yield guide, with_section(guide.read_text(encoding="utf-8"), "example", example())
    review = ROOT / "docs" / "review.md"
    yield review, with_section(review.read_text(encoding="utf-8"), "diff", difference())
    yield ROOT / "docs" / "metrics.md", metrics()
    yield ROOT / "docs" / "checks.md", checks()
    yield ROOT / "docs" / "cli.md", command_line()


def main() -> int:
    """Write, or with --check compare."""
    stale = [(path, text) for path, text in pages() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path, text in stale:
        if "--check" in sys.argv[1:]:
            print(f"stale: {path.relative_to(ROOT)}: run make docs")
        else:
            path.write_text(text, encoding="utf-8")
            print(f"written: {path.relative_to(ROOT)}")
    return 1 if stale and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
