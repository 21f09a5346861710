"""A GP practice's server, in the Python standard library alone: what a provider needs to be reached by the proxy.

`python3 examples/provider/practice.py`, from the folder with `certs`. It has one document, asks for the proxy's
certificate, and prints each request as it came: docs/guides/provider.md.
"""

from __future__ import annotations

import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PORT = 9444
PROXY = "ssp.example.nhs.uk"
CERTIFICATE = "certs/provider/practice.example.nhs.uk.crt"  # for the host in the service root URL
KEY = "certs/provider/practice.example.nhs.uk.key"
TRUST = "certs/ca/chain.pem"
DOCUMENT = "/A20049/STU3/1/gpconnect/documents/Binary/1"
BINARY = {
    "resourceType": "Binary",
    "id": "1",
    "meta": {"versionId": "1"},
    "contentType": "text/plain",
    "content": "QSBtYWRlLXVwIGxldHRlci4=",
}


class Practice(BaseHTTPRequestHandler):
    """Answers one request after the other on a connection that the proxy keeps."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Show the request, and answer it."""
        sys.stdout.write(f"{self.requestline}\n{self.headers}")
        sys.stdout.flush()
        if PROXY not in _names(self.connection.getpeercert()):  # type: ignore[attr-defined]
            self._answer(403, _outcome("forbidden", "ACCESS DENIED", "Access denied"))
        elif self.path == DOCUMENT:
            self._answer(200, BINARY)
        else:
            self._answer(404, _outcome("not-found", "NO_RECORD_FOUND", "No record found"))

    def log_message(self, *_: Any) -> None:
        """Say nothing more."""

    def _answer(self, status: int, resource: dict[str, Any]) -> None:
        body = json.dumps(resource).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/fhir+json;charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _names(certificate: dict[str, Any]) -> set[str]:
    return {value for kind, value in certificate["subjectAltName"] if kind == "DNS"}


def _outcome(kind: str, code: str, display: str) -> dict[str, Any]:
    system = "https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1"
    coding = {"system": system, "code": code, "display": display}
    return {
        "resourceType": "OperationOutcome",
        "meta": {"profile": ["https://fhir.nhs.uk/STU3/StructureDefinition/GPConnect-OperationOutcome-1"]},
        "issue": [{"severity": "error", "code": kind, "details": {"coding": [coding]}}],
    }


def main() -> None:
    """Serve until Ctrl-C."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(CERTIFICATE, KEY)
    context.load_verify_locations(TRUST)
    context.verify_mode = ssl.CERT_REQUIRED
    with ThreadingHTTPServer(("localhost", PORT), Practice) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        sys.stdout.write(f"Practice ready: https://localhost:{PORT}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
