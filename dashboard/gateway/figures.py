"""What the gateway counts of itself, for `/metrics` and `/healthz`."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Figures:
    """One gateway's counters, in a registry of their own, so that two of a process do not meet."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.clients = Gauge("watchfloor_gateway_clients", "Screens that said hello", registry=registry)
        self.blind = Gauge(
            "watchfloor_gateway_blind",
            "Screens that have not shown their newest version for 5 s",
            registry=registry,
        )
        self.queued = Gauge(
            "watchfloor_gateway_queued_bytes", "Bytes held for all screens", registry=registry
        )
        self.channels = Gauge("watchfloor_gateway_channels", "Scopes that are kept", registry=registry)
        self.redis_age = Gauge(
            "watchfloor_gateway_redis_age_seconds", "Since Redis last answered", registry=registry
        )
        self.kicked = Counter(
            "watchfloor_gateway_kicked", "Screens that were cut off", ["reason"], registry=registry
        )
        self.refused = Counter(
            "watchfloor_gateway_refused", "Connections that were not let in", ["reason"], registry=registry
        )
        self.frames = Counter("watchfloor_gateway_frames", "Frames handed to screens", registry=registry)
        self.bytes = Counter("watchfloor_gateway_sent_bytes", "Bytes handed to screens", registry=registry)
        self.versions = Counter(
            "watchfloor_gateway_versions", "Versions of views that were published", registry=registry
        )
        self.commands = Counter(
            "watchfloor_gateway_commands", "Answers to commands", ["ok"], registry=registry
        )
        self.view_seconds = Histogram(
            "watchfloor_gateway_view_seconds",
            "Working a view out and telling its difference",
            buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
            registry=registry,
        )
        self._registry = registry

    def text(self) -> bytes:
        """Return them in Prometheus's text format."""
        return generate_latest(self._registry)

    @staticmethod
    def value(metric: Gauge | Counter) -> int:
        """Return a metric's value, summed over its labels."""
        samples = (sample for family in metric.collect() for sample in family.samples)
        return int(sum(one.value for one in samples if not one.name.endswith("_created")))
