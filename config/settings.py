"""Settings: everything a process is told from outside, each field with a sentence; nothing reads `os.environ` elsewhere."""

import os
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

# 8050 is the port that scripts outside the project expect the wall at.
WALL_PORT = 8050


def default_data_folder() -> Path:
    """Return the data folder of a person who names none: the user's own data directory."""
    return Path(platformdirs.user_data_dir("watchfloor", appauthor=False))


class Settings(BaseSettings):
    """What a process of watchfloor is told, read once from `WATCHFLOOR_*` and never changed.

    Raises
    ------
    pydantic.ValidationError
        If a variable has a value that its field does not take.

    """

    model_config = SettingsConfigDict(
        env_prefix="WATCHFLOOR_", frozen=True, extra="ignore", populate_by_name=True, env_ignore_empty=True
    )

    kafka: str = Field(
        default="", description="Brokers as host:port,host:port; empty lets `up` start its own."
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT",
        description="How the brokers are spoken to; the embedded one is plain on loopback.",
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="How the user shows who they are, where the protocol is SASL_*."
    )
    kafka_username: str = Field(
        default="", description="The user at the brokers, where the protocol is SASL_*."
    )
    kafka_password: SecretStr = Field(
        default=SecretStr(""), description="That user's password; never printed."
    )
    kafka_cafile: Path | None = Field(
        default=None, description="The certificates that sign the brokers' (PEM); without it, the system's."
    )
    replication: int = Field(
        default=1, ge=1, le=7, description="Copies of each record in the topics that we create."
    )
    prefix: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9._-]*$",
        description="Set before every topic, group and Redis key, so that two installations share one cluster.",
    )
    redis: str = Field(
        default="",
        description="Redis or Valkey as redis://, rediss:// or unix://; empty lets `up` start its own.",
    )
    database: SecretStr = Field(
        default=SecretStr(""),
        description="Accounts and the vault in SQL as an SQLAlchemy URL; empty: a file of the data folder.",
    )
    channel: Literal["log", "file"] = Field(
        default="file",
        description="How the courier tells people: in DATA/messages, as lines to be read (log) or as JSON (file).",
    )
    keep_private_days: int = Field(
        default=30,
        ge=0,
        le=3_650,
        description="Days after a case has left the state until what was said about it is erased by itself.",
    )
    data: Path = Field(
        default_factory=default_data_folder,
        description="The folder of snapshots, rule sets, archive, logs and the embedded services' files.",
    )
    clock: Literal["wall", "feed"] = Field(
        default="wall", description="Whose time the journal's is: the broker's, or the feed's own."
    )
    gateway_host: str = Field(default="127.0.0.1", description="The address the live gateway listens on.")
    gateway_port: int = Field(
        default=0, ge=0, le=65535, description="The live gateway's port; 0 takes a free one."
    )
    public_gateway_url: str = Field(
        default="",
        description="Where a browser finds the gateway (ws:// or wss://); empty: the wall's host and its port.",
    )
    public_wall_url: str = Field(
        default="",
        description="Where a browser finds the wall (https://); empty: this machine. A provider sends it back there.",
    )
    oidc_issuer: str = Field(
        default="",
        pattern=r"^$|^https://|^http://(127\.0\.0\.1|localhost|\[::1\])(:|/|$)",
        description="The provider of OpenID Connect, as an https address; empty: local accounts alone.",
    )
    oidc_client: str = Field(default="watchfloor", description="What the provider calls this installation.")
    oidc_secret: SecretStr = Field(
        default=SecretStr(""), description="The client's secret at the provider; empty: PKCE alone."
    )
    oidc_roles_claim: str = Field(
        default="watchfloor_roles",
        description="The claim with the roles: a list of ROLE:SCOPE or ROLE:SCOPE:TEAM.",
    )
    team_min_size: int = Field(
        default=5,
        ge=3,
        description="Evaluation shows no figures of a team of fewer people: those would be figures of one of them.",
    )
    wall_host: str = Field(default="127.0.0.1", description="The address the wall listens on.")
    wall_port: int = Field(
        default=WALL_PORT, ge=0, le=65535, description="The wall's port; 0 takes a free one."
    )
    secret: SecretStr = Field(
        default=SecretStr(""),
        description="What signs the page's tokens; `up` makes one and keeps it in the data folder.",
    )
    worker: str = Field(
        default="worker-1",
        min_length=1,
        description="This worker's lasting name, by which it has its partitions back.",
    )
    config_dir: Path | None = Field(
        default=None,
        validation_alias="WATCHFLOOR_CONFIG",
        description="The town's own rule files, laid over the shipped ones.",
    )
    jars: Path | None = Field(
        default=None,
        description="Where Kafka's jars are; without it, the checkout's .jgo or the user's cache.",
    )

    def topic(self, name: str) -> str:
        """Return the topic's name on the broker.

        Parameters
        ----------
        name
            The topic's word in the design: `reports`, `journal`, `deadletter` or `alerts`.

        """
        return f"{self.prefix}{name}"

    def environment(self) -> dict[str, str]:
        """Return the variables from which a child process reads the same settings.

        Returns
        -------
        dict[str, str]
            `WATCHFLOOR_*` only; secrets are in the clear, so it belongs to a child and to no log.

        """
        variables: dict[str, str] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if value is None or value == "":
                continue
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            if text:
                key = "WATCHFLOOR_CONFIG" if name == "config_dir" else f"WATCHFLOOR_{name.upper()}"
                variables[key] = text
        return variables


def child_environment(settings: Settings) -> dict[str, str]:
    """Return a child's whole environment: this process's, without its `WATCHFLOOR_*`, and the settings'."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("WATCHFLOOR_")}
    return inherited | settings.environment()
