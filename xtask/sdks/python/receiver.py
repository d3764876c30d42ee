"""A shop's door for notifications: what the SDK believes is answered 200, anything else 401.

May not judge by itself: the SDK verifies and decrypts.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """Listens on a free port of this machine until it is closed."""

    def __init__(self):
        # (headers, body) -> the decrypted notification, or None, or an exception.
        self.open = None
        # What the SDK opened, and the serial each was signed with.
        self.opened = []
        self.serials = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, answer = receiver.take(self.headers, body)
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/notify"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, headers, body):
        """The status and the body of the answer."""
        try:
            notice = self.open(headers, body)
        # SDKs say no with exceptions of every kind; a shop must not believe any of them.
        except Exception as refusal:
            return 401, {"code": "FAIL", "message": f"{type(refusal).__name__}: {refusal}"}
        if not notice:
            return 401, {"code": "FAIL", "message": "not believed"}
        self.opened.append(notice)
        self.serials.append(headers["Wechatpay-Serial"])
        return 200, {"code": "SUCCESS"}

    def forget(self):
        """Nothing has come yet."""
        self.opened.clear()
        self.serials.clear()

    def close(self):
        """Frees the port."""
        self._server.shutdown()
        self._server.server_close()
