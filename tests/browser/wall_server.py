"""The real web application on a free port, in a thread, for browser tests and for looking at."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from dashboard.answers.routes import Surroundings
from dashboard.web import create

UP_WITHIN_S = 15.0


@contextmanager
def serving(around: Surroundings) -> Iterator[str]:
    """Serve until the block ends; gives the address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = uvicorn.Config(create(around), log_level="warning", access_log=False, ws="none", lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + UP_WITHIN_S
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise TimeoutError("The wall's server did not come up.")
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(UP_WITHIN_S)
        listener.close()
