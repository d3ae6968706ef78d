"""What the pages read of the pipeline itself: the read models' own health in Redis, and whether the gateway answers."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from dashboard.gateway.redis_reader import RedisReader
from dashboard.handover.page import Material
from domain.codes import JOURNAL_PARTITIONS, partition_of_name

# The gateway is on the same host or the next one; what takes longer does not answer.
GATEWAY_ANSWERS_WITHIN_S = 1.5


class PipelineReadings:
    """The live pipeline's readings.

    Parameters
    ----------
    reader
        Of the live read models.
    gateway
        The gateway's host and port, as this process reaches it.

    """

    def __init__(self, reader: RedisReader, gateway: tuple[str, int]) -> None:
        self._reader = reader
        self._gateway = gateway

    async def rules_hash(self) -> str:
        """Return the hash of the rule set in force: of the partition whose clock is ahead, while it is being taken over.

        Raises
        ------
        ConnectionError
            If Redis does not answer.

        """
        partitions = await self._reader.partitions()
        told = [status for status in partitions.values() if status.get("rules")]
        newest = max(told, key=lambda status: status.get("clock_ms") or 0, default={"rules": ""})
        return str(newest["rules"])

    async def health(self) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
        """Return `feeds`, `lanes`, `partitions` and `workers`, as `dashboard.answers.health.report` takes them.

        Raises
        ------
        ConnectionError
            If Redis does not answer.

        """
        shared = await self._reader.shared()
        partitions = await self._reader.partitions()
        workers = await self._reader.health()
        said = {worker.worker: msgspec.to_builtins(worker) for worker in workers}
        return {"feeds": shared.feeds, "lanes": shared.lanes, "partitions": partitions, "workers": said}

    async def case(self, name: str) -> tuple[dict[str, Any] | None, int]:
        """Return a case, None where it has left the state, and the instant that the journal has reached.

        Raises
        ------
        ConnectionError
            If Redis does not answer.

        """
        case = await self._reader.case(name)
        partitions = await self._reader.partitions()
        return case, max((int(one.get("clock_ms") or 0) for one in partitions.values()), default=0)

    async def desk(self, code: str) -> tuple[Material, int]:
        """Return what a handover page of a desk is filled from, and the instant that the journal has reached.

        Raises
        ------
        ConnectionError
            If Redis does not answer.

        """
        number = str(partition_of_name(code))
        parts = [f"{name}:{p}" for name in ("alerts", "queue") for p in range(JOURNAL_PARTITIONS)]
        read = await self._reader.hashes(["desks", "rule_changes", "feeds", "partitions", *parts])
        replays = await self._reader.replays()
        clock_ms = max((int(one.get("clock_ms") or 0) for one in read["partitions"].values()), default=0)
        material = Material(
            desks=read["desks"],
            alerts={
                name: one for part in parts if part.startswith("alerts") for name, one in read[part].items()
            },
            queue={
                name: one for part in parts if part.startswith("queue") for name, one in read[part].items()
            },
            feeds=read["feeds"],
            rule_changes=[(at_ms, name) for at_ms, name in read["rule_changes"].get(number, [])],
            replays=replays,
        )
        return material, clock_ms

    async def gateway_answers(self) -> bool:
        """Tell whether the gateway answers a plain request with anything at all."""
        host, port = self._gateway
        if port == 0:
            return False
        try:
            async with asyncio.timeout(GATEWAY_ANSWERS_WITHIN_S):
                reader, writer = await asyncio.open_connection(host, port)
                try:
                    writer.write(
                        f"GET /healthz HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()
                    )
                    await writer.drain()
                    return (await reader.read(5)) == b"HTTP/"
                finally:
                    writer.close()
        except OSError:
            return False
