"""Stands in for Jaeger: takes spans by OTLP over HTTP, and gives a trace as Jaeger's API does."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACES: defaultdict[str, list[dict[str, str]]] = defaultdict(list)


class Handler(BaseHTTPRequestHandler):
    """Both ports."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            import gzip

            body = gzip.decompress(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    TRACES[span.trace_id.hex()].append(
                        {"spanID": span.span_id.hex(), "operationName": span.name}
                    )
        self._answer(200, b"")

    def do_GET(self) -> None:
        _, _, trace_id = self.path.partition("/api/traces/")
        if not trace_id:
            self._answer(200, b"{}")
        elif trace_id in TRACES:
            trace = {"traceID": trace_id, "spans": TRACES[trace_id]}
            self._answer(200, json.dumps({"data": [trace]}).encode())
        else:
            self._answer(404, b'{"data": null}')

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Not a word."""


threading.Thread(
    target=ThreadingHTTPServer(("0.0.0.0", 4318), Handler).serve_forever, daemon=True
).start()
ThreadingHTTPServer(("0.0.0.0", 16686), Handler).serve_forever()
