// The sandbox's control routes, beside the page: what truly is, whatever the page shows.
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

/** Fails unless both are the same in JSON. */
function same(found, wanted, what) {
  const [is, should] = [JSON.stringify(found), JSON.stringify(wanted)];
  check(is === should, `${what}: ${is} instead of ${should}`);
}

/** Waits until `look` gives something, and gives it. */
async function until(what, look) {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    check(Date.now() < end, `not within ${WAIT_MS} ms: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, LOOK_EVERY_MS); });
  }
}

/** The sandbox at `base`, such as http://127.0.0.1:8081. */
class Truth {
  constructor(base) {
    this.base = base;
  }

  /** The answer as JSON, or undefined if it is empty. A refusal fails. */
  async call(method, path, body) {
    const answer = await fetch(`${this.base}/_sandbox/${path}`, { method, body: body && JSON.stringify(body) });
    const text = await answer.text();
    check(answer.ok, `${method} ${path} answered ${answer.status}: ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  /** An order as the ledger has it. */
  async trade(number) {
    const { trades } = await this.call('GET', 'ledger');
    const found = trades.find((trade) => trade.out_trade_no === number);
    check(found, `the ledger has no ${number}`);
    return found;
  }

  /** The refunds of an order as the ledger has them, in the order in which they were made. */
  async refunds(number) {
    const { refunds } = await this.call('GET', 'ledger');
    return refunds.filter((refund) => refund.out_trade_no === number).sort((one, other) => one.created_at.localeCompare(other.created_at));
  }
}

module.exports = { Truth, Failed, check, same, until, WAIT_MS };
