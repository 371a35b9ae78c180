"""What browsers are told about every page: no third party, no inline script, no camera outside a call."""

import secrets

from flask import Flask, Response, g


def register(app: Flask, *, base_url: str) -> None:
    is_https = base_url.startswith("https://")
    # Older Safari does not count a WebSocket of the same host as 'self'.
    sockets = base_url.replace("http", "ws", 1)

    @app.before_request
    def make_nonce() -> None:
        g.csp_nonce = secrets.token_urlsafe(16)

    @app.context_processor
    def nonce() -> dict[str, str]:
        return {"csp_nonce": g.get("csp_nonce", ""), "cspNonce": g.get("csp_nonce", "")}

    @app.after_request
    def add_headers(response: Response) -> Response:
        headers = response.headers
        headers["Content-Security-Policy"] = _content_policy(g.get("csp_nonce", ""), sockets)
        headers["X-Content-Type-Options"] = "nosniff"
        # The address of a page can hold a join token: it goes to nobody else.
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        if g.get("uses_camera", False):
            headers["Permissions-Policy"] = "camera=(self), microphone=(self), display-capture=(self)"
        else:
            headers["Permissions-Policy"] = "camera=(), microphone=(), display-capture=()"
        headers.setdefault("Cache-Control", "no-store")
        if is_https:
            headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        return response


def _content_policy(nonce: str, sockets: str) -> str:
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'nonce-{nonce}'",
            "style-src 'self'",
            "img-src 'self' data:",
            "media-src 'self' blob:",
            f"connect-src 'self' {sockets}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
