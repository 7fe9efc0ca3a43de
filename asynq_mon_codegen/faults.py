"""Explains what went wrong in a user's Python file: which line and column, what, and how to put it right."""

from __future__ import annotations

import builtins
import difflib
import inspect
import re
import sys
import traceback
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import FrameType, ModuleType, TracebackType
from typing import Any

from attrs import frozen

from asynq_mon_codegen.errors import DeclarationError, Problem

__all__ = ["CHECK", "Snippet", "UserFile", "columns", "explain", "nearest", "one_line", "render"]

CHECK = "declaration"
"""Name of the check that all these problems carry."""

_PACKAGE = __name__.partition(".")[0]
_UNEXPECTED = re.compile(r"(?P<call>[\w.<>]+)\(\) got an unexpected keyword argument '(?P<name>\w+)'")
_MISSING = re.compile(
    r"(?P<call>[\w.<>]+)\(\) missing \d+ required (?:keyword-only |positional )?arguments?: (?P<names>.*)"
)
_TOO_MANY = re.compile(r"(?P<call>[\w.<>]+)\(\) takes .* positional arguments? but .* given")
_NO_IMPORT = re.compile(r"cannot import name '(?P<name>[^']+)' from '(?P<module>[^']+)'")


@frozen(kw_only=True)
class UserFile:
    """The file that is run: ``path`` as the user wrote it, ``text`` decoded."""

    path: Path
    text: str

    @property
    def code_name(self) -> str:
        """The name under which the file is compiled, and thus stands in tracebacks."""
        return str(self.path.absolute())

    def owns(self, filename: str) -> bool:
        """Whether a frame belongs to the user: to this file, or to one that it imports from beside it."""
        if filename == self.code_name:
            return True
        path, folder = Path(filename), self.path.absolute().parent
        foreign = (Path(__file__).parent, Path(sys.prefix), Path(sys.base_prefix))
        inside = path.is_relative_to(folder) and "site-packages" not in path.parts
        return inside and not any(path.is_relative_to(other) for other in foreign)

    def shown(self, filename: str) -> str:
        """The name of one of the user's files as the user would write it."""
        if filename == self.code_name:
            return str(self.path)
        return str(self.path.parent / Path(filename).relative_to(self.path.absolute().parent))


@frozen(kw_only=True)
class Snippet:
    """A source line with a marked span; ``start`` and ``end`` count characters from 0."""

    line: int
    text: str
    start: int
    end: int

    def __str__(self) -> str:
        """The line under its number, and below it carets under the span, tabs and wide characters heeded."""
        text = "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in self.text)
        start = min(max(self.start, 0), len(text))
        under = "".join(c if c == "\t" else " " * columns(c) for c in text[:start])
        carets = "^" * max(1, sum(columns(c) for c in text[start : self.end]))
        gutter = " " * len(str(self.line))
        return f"  {self.line} | {text}\n  {gutter} | {under}{carets}"


def render(problem: Problem, snippet: Snippet | None = None) -> str:
    """The problem as text: the finding, the source line with carets, the hint."""
    lines = [f"{problem.where}: error: {problem.message}" if problem.where else f"error: {problem.message}"]
    if snippet is not None:
        lines.append(str(snippet))
    if problem.hint:
        lines.append(f"  help: {problem.hint}")
    return "\n".join(lines)


def explain(error: BaseException, file: UserFile) -> tuple[Problem, Snippet | None]:
    """The problem that an exception from the user's file stands for, with its source line where known."""
    frame, summary, innermost = _last_frame(error, file)
    if isinstance(error, SyntaxError) and error.filename and file.owns(error.filename) and error.lineno:
        where, snippet = _syntax_place(error, file)
    elif summary is not None:
        where, snippet = _place(summary, file)
    else:
        where, snippet = str(file.path), None
    message, hint = _message(error, frame, innermost=innermost)
    return Problem(check=CHECK, where=where, message=one_line(message), hint=one_line(hint)), snippet


def _last_frame(error: BaseException, file: UserFile) -> tuple[FrameType | None, traceback.FrameSummary | None, bool]:
    """The user's last frame in the traceback, and whether nothing but Python itself came after it."""
    steps = list(_steps(error.__traceback__))
    for position in range(len(steps) - 1, -1, -1):
        step = steps[position]
        if file.owns(step.tb_frame.f_code.co_filename):
            later = (after.tb_frame.f_code.co_filename for after in steps[position + 1 :])
            innermost = all(name.startswith("<frozen ") for name in later)
            return step.tb_frame, traceback.extract_tb(step, limit=1)[0], innermost
    return None, None, False


def _steps(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _place(summary: traceback.FrameSummary, file: UserFile) -> tuple[str, Snippet | None]:
    """``file:line:col`` and the source line of a frame; Python counts columns in UTF-8 bytes."""
    name = file.shown(summary.filename)
    line = summary.lineno or 1
    if (text := _source_line(summary.filename, line, file)) is None:
        return f"{name}:{line}", None
    start = _characters(text, summary.colno) if summary.colno is not None else len(text) - len(text.lstrip())
    if summary.end_lineno == line and summary.end_colno is not None:
        end = _characters(text, summary.end_colno)
    else:  # a call over several lines: what is called
        end = len(text.rstrip().rstrip("([{"))
    return f"{name}:{line}:{start + 1}", Snippet(line=line, text=text, start=start, end=end)


def _syntax_place(error: SyntaxError, file: UserFile) -> tuple[str, Snippet | None]:
    """``file:line:col`` and the source line of a syntax error, which counts columns in characters from 1."""
    name, line = file.shown(str(error.filename)), error.lineno or 1
    if (text := _source_line(str(error.filename), line, file)) is None:
        return f"{name}:{line}", None
    start = max((error.offset or 1) - 1, 0)
    end = (error.end_offset or 0) - 1 if error.end_lineno == line else len(text)
    return f"{name}:{line}:{start + 1}", Snippet(line=line, text=text, start=start, end=max(end, start + 1))


def _source_line(filename: str, line: int, file: UserFile) -> str | None:
    """A line of one of the user's files; None when it cannot be had."""
    try:
        text = file.text if filename == file.code_name else Path(filename).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    lines = re.split(r"\r\n|\r|\n", text)
    return lines[line - 1] if 0 < line <= len(lines) else None


def _characters(text: str, offset: int) -> int:
    return len(text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "ignore"))


def columns(character: str) -> int:
    """How many columns of a terminal the character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _message(error: BaseException, frame: FrameType | None, *, innermost: bool) -> tuple[str, str]:
    """The sentence and the hint for an exception."""
    match error:
        case DeclarationError():
            return error.message, error.hint
        case SyntaxError():
            return f"invalid Python: {error.msg}", ""
        case AttributeError(name=str(name)) if innermost:
            return _attribute(error, name)
        case NameError(name=str(name)) if innermost:
            return _name(name, frame)
        case ImportError():
            return _import(error)
        case TypeError() if innermost and (found := _call(_text(error), frame)):
            return found
        case RecursionError():
            return "the file recurses without end", ""
        case SystemExit():
            return "the file ends the program (SystemExit)", "a declaration only declares: remove the call of exit"
        case KeyboardInterrupt():
            return "interrupted while the file ran", ""
        case _:
            text = _text(error)
            kind = type(error).__name__
            hint = "" if innermost or frame is None else f"raised in {_origin(error)}; the line above called it"
            return (f"{kind}: {text}" if text else kind), hint


def _attribute(error: AttributeError, name: str) -> tuple[str, str]:
    """A wrong attribute: the object itself may know why (``why_not``), else the nearest name."""
    why_not = getattr(type(error.obj), "why_not", None)
    if callable(why_not) and (found := why_not(error.obj, name)):
        message, hint = found
        return str(message), str(hint)
    return _text(error), nearest(name, _public(error.obj))


def _name(name: str, frame: FrameType | None) -> tuple[str, str]:
    """A wrong name: an import is missing, or a known name is near."""
    package = sys.modules.get(_PACKAGE)
    offered = getattr(package, "__all__", ())
    message = f"{name!r} is not defined"
    if name in offered:
        return message, f"import it: from {_PACKAGE} import {name}"
    known = {*frame.f_locals, *frame.f_globals} if frame is not None else set()
    return message, nearest(name, known) or nearest(name, {*offered, *dir(builtins)})


def _import(error: ImportError) -> tuple[str, str]:
    """An import that fails: the name or the module is not there."""
    if match := _NO_IMPORT.match(_text(error)):
        module = sys.modules.get(match["module"])
        hint = nearest(match["name"], _public(module)) if module is not None else ""
        return f"{match['module']} has no {match['name']!r}", hint
    if isinstance(error, ModuleNotFoundError) and error.name:
        known = {_PACKAGE, *sys.stdlib_module_names}
        beside = f"put {error.name.replace('.', '/')}.py beside the file, or install it where asynq-mon is installed"
        return f"there is no module {error.name!r}", nearest(error.name.partition(".")[0], known) or beside
    return f"the import fails: {_text(error)}", ""


def _call(text: str, frame: FrameType | None) -> tuple[str, str] | None:
    """A call whose arguments do not fit what is called."""
    if match := _UNEXPECTED.match(text):
        names = _arguments(match["call"], frame)
        return f"{_short(match['call'])} has no argument {match['name']!r}", nearest(match["name"], names)
    if match := _MISSING.match(text):
        names = re.findall(r"'(\w+)'", match["names"])
        return f"{_short(match['call'])} needs {', '.join(f'{name}=' for name in names)}", ""
    if match := _TOO_MANY.match(text):
        names = _arguments(match["call"], frame)
        shown = ", ".join(f"{name}=..." for name in names[:3]) + (", ..." if len(names) > 3 else "")
        call = _short(match["call"])
        return f"{call} takes its arguments by name", f"write {call}({shown})" if names else ""
    return None


def _short(call: str) -> str:
    return call.removesuffix(".__init__").rpartition("<locals>.")[2]


def _arguments(call: str, frame: FrameType | None) -> list[str]:
    """The names of the arguments that the called function or class takes; empty when it cannot be found."""
    target = _find(_short(call), frame)
    if target is None:
        return []
    try:
        parameters = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in {p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY} and p.name != "self"]


def _find(qualified: str, frame: FrameType | None) -> Callable[..., Any] | None:
    """What a qualified name stands for: seen from the user's line, else in the modules of this package."""
    first, *rest = qualified.split(".")
    scopes: list[Mapping[str, Any]] = [frame.f_locals, frame.f_globals] if frame is not None else []
    scopes += [vars(module) for name, module in list(sys.modules.items()) if name.partition(".")[0] == _PACKAGE]
    for scope in scopes:
        found: object = scope.get(first)
        for name in rest:
            found = getattr(found, name, None)
        if callable(found) and getattr(found, "__qualname__", qualified) == qualified:
            return found
    return None


def _public(value: object) -> Iterable[str]:
    names = getattr(value, "__all__", None) if isinstance(value, ModuleType) else None
    return names or [name for name in dir(value) if not name.startswith("_")]


def nearest(name: str, known: Iterable[str]) -> str:
    """``did you mean ...?`` if a known name is near, the list if it is short, else nothing."""
    names = sorted(set(known) - {name})
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(names)}" if 0 < len(names) <= 12 else ""


def _origin(error: BaseException) -> str:
    """File name and line where the exception was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"


def _text(error: BaseException) -> str:
    """The exception's own text; an exception may fail even here."""
    try:
        return str(error)
    except Exception as second:  # noqa: BLE001
        return f"(its text cannot be had: {type(second).__name__})"


def one_line(text: str) -> str:
    """The text on one line, without characters that could steer a terminal."""
    return "".join(c if c.isprintable() else "\ufffd" for c in re.sub(r"\s*[\r\n]\s*", " ", text.strip()))
