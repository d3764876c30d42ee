"""The sandbox's control routes: the buyer, the clock, the truth. No SDK is used here.

May not go through a proxy: the sandbox is on this machine.
"""

import json
import time
import urllib.error
import urllib.request

# Long enough for a slow machine; nothing that works waits for it.
WAIT_S = 60
LOOK_EVERY_S = 0.05


class Failed(Exception):
    """What was to be shown is not so."""


def check(holds, why):
    """Fails with `why` unless it holds."""
    if not holds:
        raise Failed(why)


class Sandbox:
    """A sandbox at `base`, such as http://127.0.0.1:8081."""

    def __init__(self, base):
        self.base = base
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def call(self, method, path, body=None):
        """The answer as JSON, or None if it is empty. A refusal fails."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method)
        try:
            with self._opener.open(request, timeout=WAIT_S) as answer:
                text = answer.read()
        except urllib.error.HTTPError as refusal:
            raise Failed(f"{method} {path} answered {refusal.code}: {refusal.read().decode()}") from None
        return json.loads(text) if text else None

    def credentials(self):
        """The merchant's keys and numbers."""
        return self.call("GET", "/_sandbox/credentials")

    def begin(self, mode):
        """Forgets everything but keys; from now on it signs as `mode` says, and waits for slow receivers."""
        self.call("POST", "/_sandbox/reset")
        self.call("POST", "/_sandbox/mode", {"verification": mode})
        self.call("PUT", "/_sandbox/settings", {"notify_timeout_ms": WAIT_S * 1000})

    def pay(self, out_trade_no):
        """The buyer pays: the trade."""
        return self.call("POST", f"/_sandbox/pay/{out_trade_no}")

    def advance(self, seconds):
        """Moves the clock on."""
        self.call("PUT", "/_sandbox/clock", {"advance_s": seconds})

    def notify(self, out_trade_no, tamper):
        """Sends the payment's notification once more, tampered with: the attempt and its answer."""
        return self.call("POST", f"/_sandbox/notify/{out_trade_no}", {"tamper": tamper})

    def faults(self, *rules):
        """These faults, instead of those before."""
        self.call("PUT", "/_sandbox/faults", {"rules": list(rules)})

    def delivered(self, out_trade_no, out_refund_no=None):
        """Waits until the notification of this payment or refund is delivered: it, as in the ledger."""
        until = time.monotonic() + WAIT_S
        while True:
            ledger = self.call("GET", "/_sandbox/ledger")
            for notice in ledger["notifications"]:
                is_it = (notice["out_trade_no"], notice["out_refund_no"]) == (out_trade_no, out_refund_no)
                if is_it and notice["state"] == "delivered":
                    return notice
            check(time.monotonic() < until, f"not delivered in {WAIT_S} s: {ledger['notifications']}")
            time.sleep(LOOK_EVERY_S)
