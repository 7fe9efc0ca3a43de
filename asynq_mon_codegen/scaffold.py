"""The files that a new monitoring repository starts with."""

from __future__ import annotations

import re

from asynq_mon_codegen.artifact import Artifact
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.templating import environment

__all__ = ["CI", "starter"]

_FILES = (("monitoring.py", "init/monitoring.py.j2"), ("Makefile", "init/Makefile.j2"))

CI = {
    "github": (".github/workflows/monitoring.yml", "init/github.yml.j2"),
    "gitlab": (".gitlab-ci.yml", "init/gitlab.yml.j2"),
}
"""The CI systems that a workflow is written for: where it goes, and its template."""


def starter(service: str, version: str, ci: str) -> tuple[Artifact, ...]:
    """Declaration, Makefile and the workflow of one of :data:`CI` for a service.

    Raises:
        UsageError: the name cannot stand in a Python file as it is.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}", service):
        raise UsageError(f"service name {service!r}: use letters, digits, spaces, '.', '_' and '-'")
    slug = re.sub(r"[^a-z0-9]+", "-", service.lower()).strip("-")
    env = environment()
    values = {"service": service, "slug": slug, "version": version}
    return tuple(Artifact(path=path, text=env.get_template(name).render(**values)) for path, name in (*_FILES, CI[ci]))
