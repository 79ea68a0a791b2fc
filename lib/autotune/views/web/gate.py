"""Who may ask the page's server for what: its own page, in a browser that came by a link which was good once."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

LOOPBACK = "127.0.0.1"
ENTER = "/enter"  # where a link's token becomes a cookie
PRIVATE = "/api/"  # what lies below is given for a cookie alone
TOKEN = "x-autotune-token"  # noqa: S105 - the header that holds one
_OWN, _NOBODY = ("script", "style", "img", "connect"), ("base-uri", "form-action", "frame-ancestors")
POLICY = "; ".join(["default-src 'none'", *(f"{one}-src 'self'" for one in _OWN), *(f"{one} 'none'" for one in _NOBODY)])
HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_ITSELF = ("same-origin", "none")  # who may have a browser ask, by its own account


@dataclass(frozen=True, slots=True)
class Gate:
    """What is let through to a server at a port, whose cookie has a secret value."""

    port: int
    secret: str

    @property
    def host(self) -> str:
        """The one name that the server goes by: a page of another name that leads here is none of its own."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def origin(self) -> str:
        """Where its own page comes from."""
        return f"http://{self.host}"

    @property
    def cookie(self) -> str:
        """The cookie's name; cookies are not told apart by port."""
        return f"autotune_{self.port}"

    @property
    def set_cookie(self) -> str:
        """The header's value that gives a browser the cookie."""
        return f"{self.cookie}={self.secret}; Path=/; HttpOnly; SameSite=Strict"

    def refusal(self, method: str, path: str, headers: Mapping[str, str], cookies: Mapping[str, str]) -> HTTPStatus | None:
        """Say why something is refused, header names in small letters; None where it is let through."""
        if headers.get("host") != self.host:
            return HTTPStatus.MISDIRECTED_REQUEST
        enters = path == ENTER
        if method not in (("POST",) if enters else ("GET", "HEAD")):
            return HTTPStatus.METHOD_NOT_ALLOWED
        if headers.get("origin", None if enters else self.origin) != self.origin:
            return HTTPStatus.FORBIDDEN
        is_private = path.startswith(PRIVATE)
        if (enters or is_private) and headers.get("sec-fetch-site", "none") not in _ITSELF:
            return HTTPStatus.FORBIDDEN
        if is_private and not hmac.compare_digest(cookies.get(self.cookie, "").encode(), self.secret.encode()):
            return HTTPStatus.UNAUTHORIZED
        return None
