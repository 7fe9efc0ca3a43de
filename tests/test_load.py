"""Tests of load: what a user sees when the declaration is wrong."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from attrs import field, frozen

from asynq_mon_codegen.errors import DeclarationError, UsageError
from asynq_mon_codegen.load import LoadError, load

PRELUDE = "from asynq_mon_declaration_kit import Alert, Bundle, Gauge, kit\n"


def _positive(_instance: object, _attribute: object, value: int) -> None:
    if value < 0:
        raise DeclarationError(f"hold={value} is negative", "write 0 or more")


@frozen(kw_only=True)
class Alert:
    """A stand-in for a class of the DSL."""

    name: str
    hold: int = field(default=0, validator=_positive)

    @classmethod
    def quick(cls, name: str, *, channel: str = "") -> Alert:
        """A second constructor."""
        return cls(name=name + channel)


@frozen(kw_only=True)
class Bundle:
    """A stand-in for the class that the variable must have."""

    service: str
    alerts: tuple[Alert, ...] = ()


class Gauge:
    """A stand-in for a metric that knows why an attribute is not there."""

    maximum = 1

    def why_not(self, name: str) -> tuple[str, str] | None:
        """The reason for ``rate`` only."""
        return ("a gauge has no rate()", "a gauge has max(), sum()") if name == "rate" else None


def fail_inside() -> None:
    """Raise from code that is not the user's."""
    raise ValueError("deep\nfault \x1b[31m")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, made the working folder, and a module for declarations to import."""
    kit = type(sys)("asynq_mon_declaration_kit")
    vars(kit).update(Alert=Alert, Bundle=Bundle, Gauge=Gauge, fail_inside=fail_inside, kit=kit)
    kit.__all__ = ["Alert", "Bundle", "Gauge"]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, kit.__name__, kit)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def text_of(source: str | bytes, name: str = "orders.py") -> str:
    """What the user reads for a file with this content."""
    path = Path(name)
    path.write_bytes(source if isinstance(source, bytes) else (PRELUDE + source).encode())
    with pytest.raises(LoadError) as caught:
        load(path, Bundle)
    return caught.value.text()


def test_takes_the_variable(folder: Path) -> None:
    """A right file gives its value, and nothing of the run stays behind."""
    (folder / "beside.py").write_text('NAME = "orders"\n')
    (folder / "orders.py").write_text(PRELUDE + "import beside\nmonitoring = Bundle(service=beside.NAME)\n")
    search = list(sys.path)

    assert load(Path("orders.py"), Bundle) == Bundle(service="orders")
    assert sys.path == search
    assert "beside" not in sys.modules
    assert "asynq_mon_declaration" not in sys.modules
    assert sorted(path.name for path in folder.iterdir()) == ["beside.py", "orders.py"]


def test_second_load_sees_the_change(folder: Path) -> None:
    """A module beside the file is read again by the next load in the same process."""
    (folder / "orders.py").write_text(PRELUDE + "import beside\nmonitoring = Bundle(service=beside.NAME)\n")
    found = []
    for name in ("one", "another"):
        (folder / "beside.py").write_text(f'NAME = "{name}"\n')
        found.append(load(Path("orders.py"), Bundle).service)

    assert found == ["one", "another"]


def test_file_may_define_classes_and_starts_with_a_byte_order_mark(folder: Path) -> None:
    """Dataclasses look for their module while the file runs; Windows editors write a byte order mark."""
    source = "\ufefffrom __future__ import annotations\nfrom dataclasses import dataclass\n" + PRELUDE
    source += "@dataclass\nclass Own:\n    name: str\nmonitoring = Bundle(service=Own('orders').name)\n"
    (folder / "orders.py").write_text(source, encoding="utf-8")

    assert load(Path("orders.py"), Bundle).service == "orders"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(
            'monitoring = Bundle(service="a"\n',
            "orders.py:2:20: error: invalid Python: '(' was never closed\n"
            '  2 | monitoring = Bundle(service="a"\n'
            "    |                    ^",
            id="syntax error",
        ),
        pytest.param(
            "if True:\nmonitoring = 1\n",
            "orders.py:3:1: error: invalid Python: expected an indented block after 'if' statement on line 2\n"
            "  3 | monitoring = 1\n"
            "    | ^^^^^^^^^^",
            id="indentation error",
        ),
        pytest.param(
            "\n" * 8 + 'x = 1; alert = Alert(name="a", hold=-1)\n',
            "orders.py:10:16: error: hold=-1 is negative\n"
            '  10 | x = 1; alert = Alert(name="a", hold=-1)\n'
            "     |                ^^^^^^^^^^^^^^^^^^^^^^^^\n"
            "  help: write 0 or more",
            id="constructor refuses, two-digit line",
        ),
        pytest.param(
            'def make():\n\treturn Alert(\n\t\tname="a",\n\t\thold=-1,\n\t)\nmake()\n',
            "orders.py:3:9: error: hold=-1 is negative\n"
            "  3 | \treturn Alert(\n"
            "    | \t       ^^^^^\n"
            "  help: write 0 or more",
            id="call over several lines, indented by tabs",
        ),
        pytest.param(
            'a = "日本"; Alert(name="é", hold=-1)\n',
            "orders.py:2:11: error: hold=-1 is negative\n"
            '  2 | a = "日本"; Alert(name="é", hold=-1)\n'
            "    |             ^^^^^^^^^^^^^^^^^^^^^^^^\n"
            "  help: write 0 or more",
            id="columns count characters, carets count terminal columns",
        ),
        pytest.param(
            'Gauge().rate("5m")\n',
            "orders.py:2:1: error: a gauge has no rate()\n"
            '  2 | Gauge().rate("5m")\n'
            "    | ^^^^^^^^^^^^\n"
            "  help: a gauge has max(), sum()",
            id="attribute whose absence the object explains",
        ),
        pytest.param(
            "kit.Alrt\n",
            "orders.py:2:1: error: module 'asynq_mon_declaration_kit' has no attribute 'Alrt'\n"
            "  2 | kit.Alrt\n"
            "    | ^^^^^^^^\n"
            "  help: did you mean 'Alert'?",
            id="attribute of a module",
        ),
        pytest.param(
            "Gauge().maxi\n",
            "orders.py:2:1: error: 'Gauge' object has no attribute 'maxi'\n"
            "  2 | Gauge().maxi\n"
            "    | ^^^^^^^^^^^^\n"
            "  help: did you mean 'maximum'?",
            id="attribute of an object that does not explain it",
        ),
        pytest.param(
            "monitoring = Bundel()\n",
            "orders.py:2:14: error: 'Bundel' is not defined\n"
            "  2 | monitoring = Bundel()\n"
            "    |              ^^^^^^\n"
            "  help: did you mean 'Bundle'?",
            id="wrong name",
        ),
        pytest.param(
            "from asynq_mon_declaration_kit import Alart\n",
            "orders.py:2:1: error: asynq_mon_declaration_kit has no 'Alart'\n"
            "  2 | from asynq_mon_declaration_kit import Alart\n"
            "    | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
            "  help: did you mean 'Alert'?",
            id="wrong name in an import",
        ),
        pytest.param(
            "import asynq_mon_codgen\n",
            "orders.py:2:1: error: there is no module 'asynq_mon_codgen'\n"
            "  2 | import asynq_mon_codgen\n"
            "    | ^^^^^^^^^^^^^^^^^^^^^^^\n"
            "  help: did you mean 'asynq_mon_codegen'?",
            id="module with a near name",
        ),
        pytest.param(
            "import zzz_unknown\n",
            "orders.py:2:1: error: there is no module 'zzz_unknown'\n"
            "  2 | import zzz_unknown\n"
            "    | ^^^^^^^^^^^^^^^^^^\n"
            "  help: put zzz_unknown.py beside the file, or install it where asynq-mon is installed",
            id="module that is not there",
        ),
        pytest.param(
            'Alert(name="a", hodl=3)\n',
            "orders.py:2:1: error: Alert has no argument 'hodl'\n"
            '  2 | Alert(name="a", hodl=3)\n'
            "    | ^^^^^^^^^^^^^^^^^^^^^^^\n"
            "  help: did you mean 'hold'?",
            id="wrong argument of a class",
        ),
        pytest.param(
            'Alert.quick("a", chanel="#b")\n',
            "orders.py:2:1: error: Alert.quick has no argument 'chanel'\n"
            '  2 | Alert.quick("a", chanel="#b")\n'
            "    | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
            "  help: did you mean 'channel'?",
            id="wrong argument of a class method",
        ),
        pytest.param(
            "Alert(hold=3)\n",
            "orders.py:2:1: error: Alert needs name=\n  2 | Alert(hold=3)\n    | ^^^^^^^^^^^^^",
            id="missing argument",
        ),
        pytest.param(
            'Alert("a")\n',
            "orders.py:2:1: error: Alert takes its arguments by name\n"
            '  2 | Alert("a")\n'
            "    | ^^^^^^^^^^\n"
            "  help: write Alert(name=..., hold=...)",
            id="arguments without names",
        ),
        pytest.param(
            "1 / 0\n",
            "orders.py:2:1: error: ZeroDivisionError: division by zero\n  2 | 1 / 0\n    | ^^^^^",
            id="any other exception",
        ),
        pytest.param(
            "raise SystemExit(3)\n",
            "orders.py:2:1: error: the file ends the program (SystemExit)\n"
            "  2 | raise SystemExit(3)\n"
            "    | ^^^^^^^^^^^^^^^^^^^\n"
            "  help: a declaration only declares: remove the call of exit",
            id="exit",
        ),
        pytest.param(
            "raise KeyboardInterrupt\n",
            "orders.py:2:1: error: interrupted while the file ran\n"
            "  2 | raise KeyboardInterrupt\n"
            "    | ^^^^^^^^^^^^^^^^^^^^^^^",
            id="interrupt",
        ),
        pytest.param(
            "def f(): return f()\nf()\n",
            "orders.py:2:17: error: the file recurses without end\n"
            "  2 | def f(): return f()\n"
            "    |                 ^^^",
            id="infinite recursion",
        ),
        pytest.param(
            "class Bad(Exception):\n    def __str__(self): raise RuntimeError\nraise Bad\n",
            "orders.py:4:1: error: Bad: (its text cannot be had: RuntimeError)\n  4 | raise Bad\n    | ^^^^^^^^^",
            id="exception without a text",
        ),
        pytest.param(
            "monitring = 3\n",
            "orders.py:2:1: error: the file defines 'monitring', not 'monitoring'\n"
            "  2 | monitring = 3\n"
            "    | ^^^^^^^^^\n"
            "  help: name it 'monitoring'",
            id="variable with a near name",
        ),
        pytest.param(
            "x = 3\n",
            "orders.py: error: the file defines no variable 'monitoring'\n"
            '  help: write: monitoring = Bundle(service="orders")',
            id="no variable",
        ),
        pytest.param(
            'bundle = Bundle(service="a")\n',
            "orders.py:2:1: error: the file defines no variable 'monitoring', but 'bundle' is a Bundle\n"
            '  2 | bundle = Bundle(service="a")\n'
            "    | ^^^^^^\n"
            "  help: name it 'monitoring'",
            id="value under another name",
        ),
        pytest.param(
            'monitoring = Bundle(service="a"),\n',
            "orders.py:2:1: error: 'monitoring' is a tuple, not a Bundle\n"
            '  2 | monitoring = Bundle(service="a"),\n'
            "    | ^^^^^^^^^^\n"
            "  help: remove the comma at the end",
            id="comma at the end",
        ),
        pytest.param(
            "monitoring = Bundle\n",
            "orders.py:2:1: error: 'monitoring' is the class Bundle, not a Bundle\n"
            "  2 | monitoring = Bundle\n"
            "    | ^^^^^^^^^^\n"
            "  help: call it: monitoring = Bundle(...)",
            id="class not called",
        ),
        pytest.param(
            "import json as monitoring\n",
            "orders.py: error: 'monitoring' is a module, not a Bundle\n"
            "  help: the import hides the variable: write monitoring = Bundle(...) after it",
            id="a module of that name",
        ),
    ],
)
def test_fault_is_explained(source: str, expected: str) -> None:
    """Every fault is told with place, source line, carets and hint, exactly so."""
    assert text_of(source) == expected


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            b"",
            "orders.py: error: the file is empty: it defines no variable 'monitoring'\n"
            '  help: write: monitoring = Bundle(service="orders")',
            id="empty file",
        ),
        pytest.param(
            b"# only a comment\n",
            "orders.py: error: the file is empty: it defines no variable 'monitoring'\n"
            '  help: write: monitoring = Bundle(service="orders")',
            id="nothing but a comment",
        ),
        pytest.param(
            b"a = 1\nb = '\xe9'\n",
            "orders.py:2:6: error: byte 0xe9 is not UTF-8\n  help: save the file as UTF-8",
            id="Latin-1",
        ),
        pytest.param(
            b"a = 1\nb = '\0'\n",
            "orders.py:2:6: error: the file holds a NUL character: it is not Python source",
            id="NUL",
        ),
        pytest.param(
            b"x = " + b"-" * 200_000 + b"1\n",
            None,
            id="nested beyond the compiler's depth",
        ),
    ],
)
def test_unusable_content_is_explained(content: bytes, expected: str | None) -> None:
    """Bytes that are no declaration are told as such, never with a traceback."""
    text = text_of(content)

    assert text == expected if expected else text.startswith("orders.py")


@pytest.mark.usefixtures("folder")
def test_name_that_the_package_offers_is_to_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name of the DSL without its import is answered with the import."""
    monkeypatch.setattr("asynq_mon_codegen.__all__", ["Severity"], raising=False)

    assert text_of("Severity.CRITICAL\n").endswith("\n  help: import it: from asynq_mon_codegen import Severity")


@pytest.mark.usefixtures("folder")
def test_import_that_fails_in_another_way_is_told() -> None:
    """An ImportError of one's own keeps its text."""
    assert text_of('raise ImportError("no luck")\n').startswith("orders.py:2:1: error: the import fails: no luck\n")


def test_path_that_no_file_can_have(folder: Path) -> None:
    """A NUL or a name too long for the disk is one sentence."""
    for name in ("a\0b.py", "x" * 300 + ".py"):
        with pytest.raises(LoadError) as caught:
            load(folder / name, Bundle)
        assert "error: " in caught.value.text()


def test_missing_file_names_the_near_one(folder: Path) -> None:
    """A misspelt file name is answered with the file that is there; no file at all, with `init`."""
    with pytest.raises(LoadError) as caught:
        load(Path("orders.py"), Bundle)
    assert caught.value.text() == (
        "orders.py: error: there is no such file\n  help: `asynq-mon init` writes a declaration to start from"
    )

    (folder / "orders.py").write_text("")
    with pytest.raises(LoadError) as caught:
        load(Path("order.py"), Bundle)
    assert caught.value.text() == "order.py: error: there is no such file\n  help: did you mean 'orders.py'?"


def test_folder_is_refused(folder: Path) -> None:
    """A folder is told apart from a file, and the usual file in it is offered."""
    (folder / "mon").mkdir()
    (folder / "mon" / "monitoring.py").write_text("")

    with pytest.raises(LoadError) as caught:
        load(Path("mon"), Bundle)
    assert caught.value.text() == "mon: error: is a folder, not a Python file\n  help: did you mean mon/monitoring.py?"


def test_pipe_is_refused(folder: Path) -> None:
    """A pipe would wait for ever."""
    os.mkfifo(folder / "pipe.py")

    with pytest.raises(LoadError, match="is not a regular file"):
        load(Path("pipe.py"), Bundle)


def test_fault_in_a_module_beside_the_file_is_placed_there(folder: Path) -> None:
    """The last of the user's own lines is shown, in whichever of the user's files it stands."""
    (folder / "beside.py").write_text("def f():\n    return 1 / 0\n")
    assert text_of("import beside\nbeside.f()\n").startswith("beside.py:2:12: error: ZeroDivisionError")

    (folder / "beside.py").write_text("def f(:\n")
    assert text_of("import beside\n").startswith("beside.py:1:7: error: invalid Python: ")


@pytest.mark.usefixtures("folder")
def test_fault_in_foreign_code_is_placed_at_the_users_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code that the file calls fails: the calling line is shown, control characters are not."""
    monkeypatch.setattr("asynq_mon_codegen.faults.UserFile.owns", lambda self, name: name == self.code_name)

    text = text_of("kit.fail_inside()\n")

    assert text.startswith("orders.py:2:1: error: ValueError: deep fault \ufffd[31m\n")
    assert "help: raised in test_load.py:" in text


def test_path_is_shown_as_given(folder: Path) -> None:
    """The place starts with the path that the user typed."""
    (folder / "sub").mkdir()
    assert text_of("1 / 0\n", "sub/orders.py").startswith("sub/orders.py:2:1: error: ")

    absolute = str(folder / "orders.py")
    assert text_of("1 / 0\n", absolute).startswith(f"{absolute}:2:1: error: ")


@pytest.mark.usefixtures("folder")
def test_error_is_a_usage_error_with_the_problem() -> None:
    """The command line can treat it like any other bad input."""
    Path("orders.py").write_text("")
    with pytest.raises(UsageError) as caught:
        load(Path("orders.py"), Bundle)

    assert isinstance(caught.value, LoadError)
    assert caught.value.problem.where == "orders.py"
    assert str(caught.value) == caught.value.text()
