"""File operations that survive a crash, refuse to leave a folder, and explain what the disk refused."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from asynq_mon_codegen.errors import UsageError

__all__ = [
    "RESERVED",
    "STAGING",
    "clear_staging",
    "create_all",
    "explained",
    "locked",
    "make_folder",
    "obstacle",
    "read",
    "remove_empty_parents",
    "replace_file",
    "sync_folder",
    "write_synced",
    "wrong_path",
]

RESERVED = ".asynq-mon-"
"""How the names begin that no output may have."""

STAGING = f"{RESERVED}staging-"
"""How the names of staging folders begin."""

_NAME_MAX = 255


def wrong_path(path: str) -> str:
    """Why this cannot be the path of an output; empty if it can."""
    parts = path.split("/")
    if path.startswith("/") or any(part in {"", ".", ".."} for part in parts) or "\\" in path:
        return "not a plain path below the output folder"
    if not path.isprintable() or any(len(part.encode(errors="replace")) > _NAME_MAX for part in parts):
        return "not a possible file name"
    if parts[0].startswith(RESERVED):
        return "this name is reserved"
    return ""


def obstacle(root: Path, path: str) -> str:
    """What stands where the file or one of its folders must be; empty if nothing does."""
    inside = os.path.realpath(root)
    folder = root
    for part in PurePosixPath(path).parts[:-1]:
        folder = folder / part
        if folder.is_symlink() and not Path(os.path.realpath(folder)).is_relative_to(inside):
            return f"{folder} is a symbolic link that leads out of {root}"
        if folder.exists() and not folder.is_dir():
            return f"{folder} is not a folder"
        if folder.is_symlink() and not folder.exists():
            return f"{folder} is a symbolic link to nothing"
    target = root / path
    if target.is_symlink():
        return "is a symbolic link"
    return "is not a regular file" if target.exists() and not target.is_file() else ""


def read(path: Path) -> bytes | None:
    """The content of a file, or None if there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def write_synced(path: Path, data: bytes) -> None:
    """Write a new file with mode 0644, whatever the umask, and wait until the disk has it."""
    with path.open("xb") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, text: str) -> None:
    """Put a file in the place of one that may be there, all of it at once.

    Raises:
        UsageError: the disk refuses.
    """
    with explained(path, "the file is as it was"):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=STAGING, delete=False) as file:
            staged = Path(file.name)
            try:
                file.write(text)
                os.fchmod(file.fileno(), 0o644)
            except OSError:
                staged.unlink(missing_ok=True)
                raise
        staged.replace(path)


def make_folder(folder: Path, made: list[Path]) -> None:
    """Create the folder and its parents with mode 0755, whatever the umask; note them in ``made``."""
    if folder.is_dir():
        return
    make_folder(folder.parent, made)
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
        made.append(folder)
        folder.chmod(0o755)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the folder's entries."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def create_all(root: Path, files: Mapping[str, str]) -> None:
    """Write files that do not exist yet; where one cannot be written, none of them stays.

    Raises:
        UsageError: one is there already, or the disk says no.
    """
    folders: list[Path] = []
    written: list[Path] = []
    with explained(root, "nothing was written"):
        try:
            for name, text in files.items():
                make_folder((root / name).parent, folders)
                write_synced(root / name, text.encode())
                written.append(root / name)
        except BaseException:
            for path in written:
                path.unlink(missing_ok=True)
            for folder in reversed(folders):
                with contextlib.suppress(OSError):
                    folder.rmdir()
            raise


def remove_empty_parents(root: Path, path: str) -> None:
    """Remove the folders that held nothing but the removed file."""
    for folder in PurePosixPath(path).parents:
        if str(folder) == ".":
            return
        try:
            (root / folder).rmdir()
        except OSError:
            return


def clear_staging(root: Path) -> None:
    """Remove what killed runs left; nobody uses it, for we hold the lock."""
    for folder in root.glob(f"{STAGING}*"):
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the folder for this process; the lock goes with the process and leaves no file."""
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                f"{root}: another asynq-mon is writing here", "wait until it ends, then run again"
            ) from error
        except OSError:  # a file system without locks: runs are then not kept apart
            pass
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def explained(root: Path, state: str) -> Iterator[None]:
    """Turn an error of the operating system into one sentence; ``state`` says how the files stand."""
    try:
        yield
    except OSError as error:
        place = root if STAGING in str(error.filename) or error.filename is None else error.filename
        raise UsageError(f"{place}: {error.strerror or error}", state) from error
