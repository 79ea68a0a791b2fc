"""The program that sends its standard input to an https address, once: no other scheme, no redirect.

Run as `python3 -I posting.py ADDRESS`.
"""

from __future__ import annotations

import sys
import urllib.error
import urllib.request

LIMIT_S = 5.0


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow none: what answers with one gets an error."""


def post(address: str, body: bytes) -> str | None:
    """Send JSON; gives what went wrong, without the address."""
    if not address.startswith("https://"):
        return "it is no https address"
    request = urllib.request.Request(address, body, {"Content-Type": "application/json", "User-Agent": "autotune"})  # noqa: S310 - https alone
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=LIMIT_S):
            return None
    except urllib.error.HTTPError as error:
        return f"it answered {error.code}"
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))


def main() -> int:
    """Send, and say what went wrong on stderr."""
    problem = post(sys.argv[1], sys.stdin.buffer.read())
    if problem is not None:
        sys.stderr.write(f"{problem}\n")
    return problem is not None


if __name__ == "__main__":
    sys.exit(main())
