"""Processes that stand in for ours while the supervisor is tested: `serve PORT`, `idle`, `stubborn`, `crash`."""

import http.server
import os
import signal
import sys
import time


class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def main(kind: str, *arguments: str) -> None:
    sys.stdout.write(f"{kind} is {os.getpid()}\n")
    sys.stdout.flush()
    if kind == "serve":
        http.server.ThreadingHTTPServer(("127.0.0.1", int(arguments[0])), Healthy).serve_forever()
    if kind == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if kind == "crash":
        sys.exit("the sentence that says why")
    time.sleep(600)


if __name__ == "__main__":
    main(*sys.argv[1:])
