"""How the processes of the streams log: JSON lines on standard error."""

import logging
import sys

import structlog

_LINE = '{"logger": "%(name)s", "level": "%(levelname)s", "event": "%(message)s"}'


def log_to_stderr() -> None:
    """Write our log lines as JSON to standard error, Faust's and aiokafka's from warnings on."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format=_LINE)
