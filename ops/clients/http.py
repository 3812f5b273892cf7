"""Asks an application's health URL."""

from __future__ import annotations

import urllib.error
import urllib.request

from ops.errors import NotReady, UsageError


class LocalHttp:
    """`Http` with the standard library: one GET, no proxy, redirects followed."""

    def status(self, url: str, *, timeout: float) -> int:
        if not url.startswith(("http://", "https://")):
            raise UsageError(f"`{url}` is not an http(s) URL", hint="set app.health_url in gigops.yaml")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(url, timeout=timeout) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as answered:
            return answered.code
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise NotReady(f"`{url}` does not answer: {reason}", hint="is the application running?") from None
