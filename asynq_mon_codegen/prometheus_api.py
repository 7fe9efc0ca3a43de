"""The HTTP API of Prometheus, and of what speaks it too (Mimir, Thanos): read only, every failure a sentence."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from attrs import frozen

from asynq_mon_codegen.errors import UsageError

__all__ = ["Prometheus", "RuleGroup", "Sample"]

_SHOWN = 200


@frozen
class Sample:
    """One series of an instant query."""

    labels: tuple[tuple[str, str], ...]
    value: float

    def label(self, name: str) -> str:
        """The value of a label, empty where it has none."""
        return dict(self.labels).get(name, "")


@frozen(kw_only=True)
class RuleGroup:
    """A rule group as the ruler reports it; times in seconds, ``failing`` counts rules that ended with an error."""

    name: str
    interval: float
    evaluation_time: float
    rules: int
    failing: int


class Prometheus:
    """A connection to ``url``, below which ``/api/v1`` lies; to be used in a ``with`` block.

    Raises:
        UsageError: not an http(s) URL; later: nobody answers, an error status, or an answer that is none of
            Prometheus.
    """

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        import httpx  # late: most commands need no network

        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise UsageError(f"{url!r} is not an http(s) URL", "for example: http://localhost:9090")
        self.url = url.rstrip("/")
        self._shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
        self._errors: tuple[type[Exception], ...] = (httpx.HTTPError, httpx.InvalidURL)
        self._client = httpx.Client(timeout=timeout, follow_redirects=True, headers={"Accept": "application/json"})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._client.close()

    def query(self, expr: str) -> tuple[Sample, ...]:
        """An instant query of an instant vector, evaluated now."""
        data = self._get("/api/v1/query", {"query": expr})
        try:
            return tuple(
                Sample(tuple(sorted((str(k), str(v)) for k, v in one["metric"].items())), float(one["value"][1]))
                for one in data["result"]
            )
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            raise self._strange("/api/v1/query") from None

    def rule_groups(self, prefix: str = "") -> tuple[RuleGroup, ...]:
        """The rule groups whose name begins with the prefix."""
        data = self._get("/api/v1/rules", {})
        try:
            return tuple(
                RuleGroup(
                    name=str(group["name"]),
                    interval=float(group.get("interval", 0)),
                    evaluation_time=float(group.get("evaluationTime", 0)),
                    rules=len(group["rules"]),
                    failing=sum(rule.get("health") == "err" for rule in group["rules"]),
                )
                for group in data["groups"]
                if str(group["name"]).startswith(prefix)
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._strange("/api/v1/rules") from None

    def _get(self, path: str, params: dict[str, str]) -> Any:
        try:
            answer = self._client.get(self.url + path, params=params)
        except self._errors as error:
            reason = str(error) or type(error).__name__
            raise UsageError(
                f"{self._shown}: no answer: {reason}", "is it Prometheus' address, and reachable?"
            ) from None
        try:
            body = answer.json()
        except ValueError:
            body = None
        said = body.get("error", "") if isinstance(body, dict) else ""
        if answer.status_code in (401, 403):
            raise UsageError(
                f"{self._shown}{path}: {answer.status_code} {answer.reason_phrase}",
                "give the credentials in the URL: https://USER:PASSWORD@HOST",
            )
        if answer.is_error:
            text = said or " ".join(answer.text.split())
            raise UsageError(f"{self._shown}{path}: {answer.status_code} {answer.reason_phrase}: {str(text)[:_SHOWN]}")
        if not isinstance(body, dict) or body.get("status") != "success" or "data" not in body:
            raise UsageError(str(said)[:_SHOWN]) if said else self._strange(path)
        return body["data"]

    def _strange(self, path: str) -> UsageError:
        return UsageError(
            f"{self._shown}{path}: the answer is not that of Prometheus", "the URL ends before /api/v1: check its path"
        )
