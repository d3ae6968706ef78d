"""Signing in with a provider of OpenID Connect: where its pages are, and whom its answer names.

The code flow with PKCE, `state` and `nonce`. authlib speaks with the provider, joserfc checks what it has signed.
"""

import secrets
from collections.abc import Mapping
from typing import Any

import httpx2
import msgspec
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from config.settings import Settings
from config.subjects import Person
from config.wallclock import monotonic_s, now_ms

ANSWER_WITHIN_S = 5.0
"""A provider that needs longer is down for whoever wants to begin a shift."""
KNOWN_FOR_S = 600.0
"""How long a provider's addresses and keys are kept; an unknown key is asked for at once."""
LEEWAY_S = 60
"""Clocks of two servers differ; a minute is what providers allow as well."""
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures with the provider's own key; never `none`, and none with a key that we share."""


class ProviderError(Exception):
    """Why nobody can sign in through the provider; the reason is for the log, never for the page."""


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in under way, kept for the browser that began it: `next` is the page that it wanted."""

    nonce: str
    verifier: str
    next: str


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Mapping[str, Any]
    keys: KeySet
    until_s: float


class Provider:
    """One provider, as `WATCHFLOOR_OIDC_*` names it.

    Parameters
    ----------
    settings
        Issuer, client, secret, the name of the claim with the roles, and where the wall is found from outside.

    """

    def __init__(self, settings: Settings) -> None:
        self.issuer = settings.oidc_issuer.rstrip("/")
        self._client = settings.oidc_client
        self._secret = settings.oidc_secret.get_secret_value()
        self._claim = settings.oidc_roles_claim
        outside = settings.public_wall_url or f"http://127.0.0.1:{settings.wall_port}"
        self._redirect = outside.rstrip("/") + "/oidc/back"
        self._known: _Known | None = None

    async def begin(self, state: str, next_page: str) -> tuple[str, Begun]:
        """Return the address of the provider's page, and what is needed when the browser comes back.

        Raises
        ------
        ProviderError
            If the provider does not say where its pages are.

        """
        known = await self._provider()
        begun = Begun(nonce=secrets.token_urlsafe(24), verifier=secrets.token_urlsafe(48), next=next_page)
        async with self._speaking() as client:
            address, _ = client.create_authorization_url(
                known.metadata["authorization_endpoint"],
                state=state,
                nonce=begun.nonce,
                code_verifier=begun.verifier,
            )
        return str(address), begun

    async def redeem(self, code: str, begun: Begun) -> Person:
        """Return whom a code of the provider names.

        Raises
        ------
        ProviderError
            If the provider refuses the code, or its token is not what it must be.

        """
        known = await self._provider()
        try:
            async with self._speaking() as client:
                token = await client.fetch_token(
                    known.metadata["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=begun.verifier,
                )
        except (AuthlibBaseError, httpx2.HTTPError, ValueError) as refused:
            raise ProviderError(f"the code was not redeemed: {type(refused).__name__}") from refused
        claims = await self._claims(str(token.get("id_token", "")), begun.nonce)
        roles = claims.get(self._claim, [])
        if not isinstance(roles, list) or not all(isinstance(one, str) for one in roles):
            raise ProviderError(f"the claim {self._claim!r} is no list of texts")
        name = next(
            (str(claims[key]) for key in ("name", "preferred_username", "email") if claims.get(key)), ""
        )
        return Person(issuer=self.issuer, subject=str(claims["sub"]), name=name, roles=tuple(roles))

    async def _claims(self, token: str, nonce: str) -> Mapping[str, Any]:
        """Return what a token says, once its signature, issuer, audience, time and nonce are right."""
        try:
            return self._read(token, nonce, await self._provider())
        except (JoseError, ValueError):
            known = await self._provider(anew=True)  # a key that is not known yet may have been made since
        try:
            return self._read(token, nonce, known)
        except (JoseError, ValueError) as wrong:
            raise ProviderError(f"its token is not right: {type(wrong).__name__}") from wrong

    def _read(self, token: str, nonce: str, known: _Known) -> Mapping[str, Any]:
        read = jwt.decode(token, known.keys, algorithms=ALGORITHMS)
        JWTClaimsRegistry(
            now=now_ms() // 1000,
            leeway=LEEWAY_S,
            iss={"essential": True, "value": known.metadata["issuer"]},
            aud={"essential": True, "value": self._client},
            sub={"essential": True},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(read.claims)
        return read.claims

    async def _provider(self, *, anew: bool = False) -> _Known:
        """Return the provider's addresses and keys."""
        if self._known is not None and not anew and monotonic_s() < self._known.until_s:
            return self._known
        try:
            async with httpx2.AsyncClient(timeout=ANSWER_WITHIN_S) as client:
                found = await client.get(f"{self.issuer}/.well-known/openid-configuration")
                metadata = found.raise_for_status().json()
                if str(metadata["issuer"]).rstrip("/") != self.issuer:
                    raise ProviderError(f"it calls itself {metadata['issuer']!r}, not {self.issuer!r}")
                keys = KeySet.import_key_set(
                    (await client.get(metadata["jwks_uri"])).raise_for_status().json()
                )
        except (httpx2.HTTPError, ValueError, KeyError, TypeError, JoseError) as silent:
            raise ProviderError(f"{self.issuer} does not say what it is: {type(silent).__name__}") from silent
        self._known = _Known(metadata=metadata, keys=keys, until_s=monotonic_s() + KNOWN_FOR_S)
        return self._known

    def _speaking(self) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            self._client,
            self._secret or None,
            scope="openid profile email",
            redirect_uri=self._redirect,
            code_challenge_method="S256",
            timeout=ANSWER_WITHIN_S,
            token_endpoint_auth_method="client_secret_basic" if self._secret else "none",
        )


def provider_of(settings: Settings) -> Provider | None:
    """Return the provider that the settings name, or None."""
    return Provider(settings) if settings.oidc_issuer else None
