"""A blocking call beside the event loop, in a thread that a stop does not wait for."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def aside(call: Callable[[], T]) -> T:
    """Run a blocking call and return what it returns.

    Parameters
    ----------
    call
        Unlike with `asyncio.to_thread`, the end of the loop does not wait for it: it is left to end with the
        process, so it must be safe to cut off.

    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: Exception | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(value)  # type: ignore[arg-type]  # without an error it is a T

    def run() -> None:
        value: T | None = None
        error: Exception | None = None
        try:
            value = call()
        except Exception as raised:  # noqa: BLE001 - carried over to the loop, not swallowed
            error = raised
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, value, error)

    threading.Thread(target=run, daemon=True).start()
    return await answer
