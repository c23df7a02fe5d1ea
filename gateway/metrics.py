"""
What `/metrics` tells to Prometheus. One registry a gateway, so that several may live in one process; no label names a caller.
"""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30)

Gauges = Callable[[], Mapping[str, tuple[str, float]]]
"""Names with what they mean and how much they are now."""


class Metrics:
    """The counters of one gateway."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        names = ("method", "route", "status")
        self._requests = Counter("tongquan_requests", "Requests answered.", names, registry=self._registry)
        self._seconds = Histogram("tongquan_request_seconds", "Time to answer.", ("route",), buckets=_BUCKETS, registry=self._registry)
        self._refused = Counter(
            "tongquan_callers_refused", "Requests without a valid credential or over their rate.", ("why",), registry=self._registry
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request was answered. A method of a caller's own making counts as none."""
        known = method if method in {"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"} else "OTHER"
        # Looked up once each: finding a child by its labels costs more than counting.
        children = self._children.get((known, route, status))
        if children is None:
            children = self._children[known, route, status] = (
                self._requests.labels(known, route, str(status)),
                self._seconds.labels(route),
            )
        children[0].inc()
        children[1].observe(seconds)

    def refused(self, why: str) -> None:
        """A caller was turned away: `unauthenticated` or `rate`."""
        self._refused.labels(why).inc()

    def watch(self, gauges: Gauges) -> None:
        """Ask for these whenever somebody scrapes."""
        self._registry.register(_Gauges(gauges))

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self._registry)


class _Gauges(Collector):
    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    def collect(self) -> Iterable[Metric]:
        for name, (meaning, value) in self._gauges().items():
            yield GaugeMetricFamily(f"tongquan_{name}", meaning, value=value)

    def describe(self) -> Iterable[Metric]:
        # Without this, registering would ask the gauges, and with them the node.
        return ()
