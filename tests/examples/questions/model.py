"""A model that is a script: it reasons badly unless it is told to, is busy now and then, and answers on loopback alone."""

import json
import os
import random
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

NAME = "scripted-1"
BUSY = 0.03


class Model(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if int.from_bytes(os.urandom(4)) < BUSY * 2**32:
            self.send_error(503)
            return
        text = replied(asked["system"], asked["question"])
        body = json.dumps({"text": text, "tokens": len(f"{asked['system']} {text}".split())}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said: object) -> None:
        """Say nothing."""


def replied(system: str, question: str) -> str:
    """The sum, or a wrong one; how often it is wrong depends on what the model is told."""
    first, second = map(int, re.findall(r"\d+", question))
    wrong = 0.05 if "step by step" in system else 0.7
    slip = random.Random(f"{system} {question}").random() < wrong
    steps = f"There are {first} and {second}, which are added. " if "step by step" in system else ""
    return f"{steps}It is {first + second + (10 if slip else 0)}."


def start() -> tuple[ThreadingHTTPServer, str]:
    """Give a model that listens, and its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}/"
