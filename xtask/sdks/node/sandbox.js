// The sandbox's control routes: the buyer, the clock, the truth. No SDK is used here.
'use strict';

// Long enough for a slow machine; nothing that works waits for it.
const WAIT_MS = 60_000;
const LOOK_EVERY_MS = 50;

/** What was to be shown is not so. */
class Failed extends Error {}

/** Fails with `why` unless it holds. */
function check(holds, why) {
  if (!holds) throw new Failed(typeof why === 'string' ? why : JSON.stringify(why));
}

/** A sandbox at `base`, such as http://127.0.0.1:8081. */
class Sandbox {
  constructor(base) {
    this.base = base;
  }

  /** The answer as JSON, or undefined if it is empty. A refusal fails. */
  async call(method, path, body) {
    const answer = await fetch(this.base + path, { method, body: body && JSON.stringify(body) });
    const text = await answer.text();
    check(answer.ok, `${method} ${path} answered ${answer.status}: ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  /** The merchant's keys and numbers. */
  credentials() {
    return this.call('GET', '/_sandbox/credentials');
  }

  /** Forgets everything but keys; from now on it signs as `mode` says, and waits for slow receivers. */
  async begin(mode) {
    await this.call('POST', '/_sandbox/reset');
    await this.call('POST', '/_sandbox/mode', { verification: mode });
    await this.call('PUT', '/_sandbox/settings', { notify_timeout_ms: WAIT_MS });
  }

  /** The buyer pays: the trade. */
  pay(outTradeNo) {
    return this.call('POST', `/_sandbox/pay/${outTradeNo}`);
  }

  /** Moves the clock on. */
  advance(seconds) {
    return this.call('PUT', '/_sandbox/clock', { advance_s: seconds });
  }

  /** Sends the payment's notification once more, tampered with: the attempt and its answer. */
  notify(outTradeNo, tamper) {
    return this.call('POST', `/_sandbox/notify/${outTradeNo}`, { tamper });
  }

  /** These faults, instead of those before. */
  faults(...rules) {
    return this.call('PUT', '/_sandbox/faults', { rules });
  }

  /** Waits until the notification of this payment or refund is delivered: it, as in the ledger. */
  async delivered(outTradeNo, outRefundNo = null) {
    const until = Date.now() + WAIT_MS;
    for (;;) {
      const { notifications } = await this.call('GET', '/_sandbox/ledger');
      const found = notifications.find((notice) => notice.out_trade_no === outTradeNo
        && notice.out_refund_no === outRefundNo && notice.state === 'delivered');
      if (found) return found;
      check(Date.now() < until, `not delivered in ${WAIT_MS} ms: ${JSON.stringify(notifications)}`);
      await new Promise((resolve) => { setTimeout(resolve, LOOK_EVERY_MS); });
    }
  }
}

module.exports = { Sandbox, Failed, check };
