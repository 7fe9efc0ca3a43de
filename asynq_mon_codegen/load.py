"""Runs the user's declaration, a Python file, and takes the variable ``monitoring`` from it."""

from __future__ import annotations

import ast
import contextlib
import difflib
import importlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import TypeVar

from asynq_mon_codegen.errors import Problem, UsageError
from asynq_mon_codegen.faults import CHECK, Snippet, UserFile, explain, nearest, one_line, render

__all__ = ["VARIABLE", "LoadError", "load", "load_all", "place_in"]

VARIABLE = "monitoring"
"""The variable that a declaration must define."""

_MODULE = "asynq_mon_declaration"
_T = TypeVar("_T")


class LoadError(UsageError):
    """The declaration cannot be had from the file; ``problem`` says where and why."""

    def __init__(self, problem: Problem, snippet: Snippet | None = None) -> None:
        super().__init__(problem.message, problem.hint)
        self.problem = problem
        self.snippet = snippet

    def text(self) -> str:
        """The problem with the source line and carets under the fault."""
        return render(self.problem, self.snippet)

    def __str__(self) -> str:
        return self.text()


def load(path: Path, expected: type[_T]) -> _T:
    """Run the file and return its variable ``monitoring``, which must be an ``expected``.

    The file may import modules that stand beside it. Nothing of the run stays behind: a second
    call runs everything anew.

    Raises:
        LoadError: the file cannot be read, does not run, or does not define the variable.
    """
    return _load(path, expected, frozenset(sys.modules))


def load_all(paths: Iterable[Path], expected: type[_T]) -> tuple[_T, ...]:
    """The variables of several files, which see the same copy of a module that stands beside them.

    Raises:
        LoadError: as :func:`load`.
    """
    known = frozenset(sys.modules)
    files = tuple(paths)
    try:
        return tuple(_load(path, expected, None) for path in files)
    finally:
        for file in files[:1]:
            _forget(UserFile(path=file, text=""), known)


def place_in(path: Path, about: str = "") -> str:
    """``file:line:column`` of the first text or argument of this name in the file, else of its variable."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        tree = ast.parse(text)
    except (OSError, ValueError, SyntaxError):
        return str(path)
    lines = text.splitlines()
    for node in ast.walk(tree):
        if about and (
            (isinstance(node, ast.Constant) and node.value == about)
            or (isinstance(node, ast.keyword) and node.arg == about)
        ):
            column = len(lines[node.lineno - 1].encode()[: node.col_offset].decode())
            return f"{path}:{node.lineno}:{column + 1}"
    return _assignment(tree, UserFile(path=path, text=text), VARIABLE)[0]


def _load(path: Path, expected: type[_T], known: frozenset[str] | None) -> _T:
    file = UserFile(path=path, text=_source(path))
    code = _compile(file)
    names = _run(code, file, known)
    if VARIABLE not in names:
        raise _not_defined(file, names, expected)
    value = names[VARIABLE]
    if not isinstance(value, expected):
        raise _wrong_type(file, value, expected)
    return value


def _source(path: Path) -> str:
    """The text of the file, which must be UTF-8 without NUL."""
    try:
        if path.is_dir():
            inside = path / "monitoring.py"
            hint = f"did you mean {inside}?" if inside.exists() else ""
            raise _fault(str(path), "is a folder, not a Python file", hint)
        if path.exists() and not path.is_file():
            raise _fault(str(path), "is not a regular file")
        data = path.read_bytes()
    except FileNotFoundError:
        raise _fault(str(path), "there is no such file", _missing_hint(path)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _fault(one_line(str(path)), f"cannot be read: {reason}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good = error.object[: error.start].decode("utf-8")
        place = f"{path}:{_line_and_column(good)}"
        raise _fault(place, f"byte 0x{error.object[error.start]:02x} is not UTF-8", "save the file as UTF-8") from error
    if "\0" in text:
        place = f"{path}:{_line_and_column(text[: text.index(chr(0))])}"
        raise _fault(place, "the file holds a NUL character: it is not Python source")
    return text


def _line_and_column(before: str) -> str:
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def _missing_hint(path: Path) -> str:
    """The file that was perhaps meant."""
    with contextlib.suppress(OSError):
        hint = nearest(path.name, (other.name for other in path.parent.glob("*.py")))
        if hint.startswith("did you mean"):
            return hint
    return "`asynq-mon init` writes a declaration to start from"


def _compile(file: UserFile) -> CodeType:
    try:
        return compile(file.text, file.code_name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise LoadError(*explain(error, file)) from error


def _run(code: CodeType, file: UserFile, known: frozenset[str] | None) -> dict[str, object]:
    """Run the code as a module of its own and return its names."""
    module = ModuleType(_MODULE)
    module.__file__ = file.code_name
    with _surroundings(module, file, known):
        try:
            exec(code, module.__dict__)  # noqa: S102
        except BaseException as error:
            # Also SystemExit and KeyboardInterrupt: a declaration that ends the program is a fault in it.
            raise LoadError(*explain(error, file)) from error
    return module.__dict__


@contextlib.contextmanager
def _surroundings(module: ModuleType, file: UserFile, known: frozenset[str] | None) -> Iterator[None]:
    """What Python gives a script: its module, its folder first in the path; put back afterwards.

    With ``known``, the modules that were there before, those that the file imported are forgotten too.
    """
    path, flag = list(sys.path), sys.dont_write_bytecode
    replaced = sys.modules.get(_MODULE)
    sys.modules[_MODULE] = module
    sys.path.insert(0, str(file.path.absolute().parent))
    sys.dont_write_bytecode = True
    # A file that was written since Python last looked into the folder is found too.
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = path
        sys.dont_write_bytecode = flag
        sys.modules.pop(_MODULE, None)
        if known is not None:
            _forget(file, known)
        if replaced is not None:
            sys.modules[_MODULE] = replaced


def _forget(file: UserFile, known: frozenset[str]) -> None:
    for name in set(sys.modules) - known:
        origin = getattr(sys.modules[name], "__file__", None)
        if name == _MODULE or (origin is not None and file.owns(origin)):
            del sys.modules[name]


def _not_defined(file: UserFile, names: dict[str, object], expected: type) -> LoadError:
    """The file ran, but the variable is not there."""
    kind = expected.__name__
    example = f'write: {VARIABLE} = {kind}(service="orders")'
    tree = ast.parse(file.text)
    if not tree.body:
        return _fault(str(file.path), f"the file is empty: it defines no variable {VARIABLE!r}", example)
    values = {n: v for n, v in names.items() if not n.startswith("_") and not isinstance(v, ModuleType | type)}
    found = [name for name, value in values.items() if isinstance(value, expected)]
    if len(found) == 1:
        where, snippet = _assignment(tree, file, found[0])
        message = f"the file defines no variable {VARIABLE!r}, but {found[0]!r} is a {kind}"
        return _fault(where, message, f"name it {VARIABLE!r}", snippet)
    if near := difflib.get_close_matches(VARIABLE, values, n=1):
        where, snippet = _assignment(tree, file, near[0])
        return _fault(where, f"the file defines {near[0]!r}, not {VARIABLE!r}", f"name it {VARIABLE!r}", snippet)
    return _fault(str(file.path), f"the file defines no variable {VARIABLE!r}", example)


def _wrong_type(file: UserFile, value: object, expected: type) -> LoadError:
    """The variable is there, but is something else."""
    where, snippet = _assignment(ast.parse(file.text), file, VARIABLE)
    kind = expected.__name__
    if isinstance(value, type):
        call = f"call it: {VARIABLE} = {value.__name__}(...)" if issubclass(value, expected) else ""
        return _fault(where, f"{VARIABLE!r} is the class {value.__name__}, not a {kind}", call, snippet)
    hint = ""
    if isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], expected):
        hint = "remove the comma at the end"
    elif isinstance(value, ModuleType):
        hint = f"the import hides the variable: write {VARIABLE} = {kind}(...) after it"
    return _fault(where, f"{VARIABLE!r} is {_a(type(value).__name__)}, not {_a(kind)}", hint, snippet)


def _a(name: str) -> str:
    """The name of a type with its article."""
    return f"an {name}" if name[0] in "AEIOaeio" else f"a {name}"


def _assignment(tree: ast.Module, file: UserFile, name: str) -> tuple[str, Snippet | None]:
    """Where the name gets its value last."""
    targets = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.id == name]
    if not targets:
        return str(file.path), None
    node = max(targets, key=lambda target: target.lineno)
    text = file.text.splitlines()[node.lineno - 1]
    start = len(text.encode()[: node.col_offset].decode())
    snippet = Snippet(line=node.lineno, text=text, start=start, end=start + len(name))
    return f"{file.path}:{node.lineno}:{start + 1}", snippet


def _fault(where: str, message: str, hint: str = "", snippet: Snippet | None = None) -> LoadError:
    return LoadError(Problem(check=CHECK, where=where, message=message, hint=hint), snippet)
