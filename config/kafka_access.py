"""How each Kafka client is told of TLS and SASL; the settings say what, this says it in the client's own words."""

import ssl
from typing import Any

from config.settings import Settings


def kafka_python_options(settings: Settings) -> dict[str, Any]:
    """Return what every kafka-python client of this process is given.

    Returns
    -------
    dict[str, Any]
        `bootstrap_servers` and, where the protocol asks for it, the TLS and SASL options.

    """
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka.split(","),
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_security_protocol.endswith("SSL") and settings.kafka_cafile is not None:
        options["ssl_cafile"] = str(settings.kafka_cafile)
    return options | _sasl(settings)


def aiokafka_options(settings: Settings) -> dict[str, Any]:
    """Return what every aiokafka client of this process is given.

    Returns
    -------
    dict[str, Any]
        `bootstrap_servers` and, where the protocol asks for it, the TLS and SASL options.

    """
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka,
        "security_protocol": settings.kafka_security_protocol,
    }
    context = ssl_context(settings)
    if context is not None:
        options["ssl_context"] = context
    return options | _sasl(settings)


def ssl_context(settings: Settings) -> ssl.SSLContext | None:
    """Return a context that checks the brokers' certificates and names, or None where the protocol has no TLS."""
    if not settings.kafka_security_protocol.endswith("SSL"):
        return None
    cafile = None if settings.kafka_cafile is None else str(settings.kafka_cafile)
    return ssl.create_default_context(cafile=cafile)


def _sasl(settings: Settings) -> dict[str, Any]:
    if not settings.kafka_security_protocol.startswith("SASL"):
        return {}
    return {
        "sasl_mechanism": settings.kafka_sasl_mechanism,
        "sasl_plain_username": settings.kafka_username,
        "sasl_plain_password": settings.kafka_password.get_secret_value(),
    }
