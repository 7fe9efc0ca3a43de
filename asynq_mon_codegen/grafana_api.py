"""The HTTP API of Grafana, as its documentation describes it: read only, every failure a sentence."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from asynq_mon_codegen.connection import Connection
from asynq_mon_codegen.http_client import AnswerError, Api

__all__ = ["DataSource", "Grafana"]


@frozen
class DataSource:
    """A data source of an organisation."""

    uid: str
    name: str
    kind: str


class Grafana(Api):
    """A connection to a Grafana; to be used in a ``with`` block. The token is one of a service account.

    All methods raise :class:`UsageError` where nobody answers, the status is one of an error, or the answer is none
    of Grafana.

    Raises:
        UsageError: a certificate or key cannot be used.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, "Grafana", "the URL ends before /api: check its path")

    def database(self) -> str:
        """The state of its database, ``ok`` when it is well."""
        body = self._http.get("/api/health").body
        if not isinstance(body, dict) or "database" not in body:
            raise self._http.strange("/api/health")
        return str(body["database"])

    def dashboard(self, uid: str) -> dict[str, Any] | None:
        """The JSON of a dashboard; None where there is none, or none that the token may see."""
        path = f"/api/dashboards/uid/{uid}"
        try:
            body = self._http.get(path).body
        except AnswerError as error:
            if error.status == 404:
                return None
            raise
        if not isinstance(body, dict) or not isinstance(body.get("dashboard"), dict):
            raise self._http.strange(path)
        return dict(body["dashboard"])

    def dashboards_tagged(self, tag: str) -> dict[str, str]:
        """The titles by uid of all dashboards with a tag."""
        body = self._http.get("/api/search", {"type": "dash-db", "tag": tag, "limit": "1000"}).body
        if not isinstance(body, list) or not all(isinstance(one, dict) and "uid" in one for one in body):
            raise self._http.strange("/api/search")
        return {str(one["uid"]): str(one.get("title", "")) for one in body}

    def data_sources(self) -> tuple[DataSource, ...] | None:
        """The data sources; None where the token may not see them."""
        try:
            body = self._http.get("/api/datasources").body
        except AnswerError as error:
            if error.status == 403:
                return None
            raise
        if not isinstance(body, list) or not all(isinstance(one, dict) for one in body):
            raise self._http.strange("/api/datasources")
        return tuple(DataSource(str(o.get("uid", "")), str(o.get("name", "")), str(o.get("type", ""))) for o in body)
