// A person at the page: what is on it, and what is typed and pressed. It keeps an ear on the browser's console, and on where it
// asks.
'use strict';

const { check, same, until } = require('./truth');

/** The page in one window. */
class Visit {
  /** What the console complained about, and addresses elsewhere that were asked for. */
  complaints = [];

  /** How many refusals are to be expected: the console tells of each. */
  refusals = 0;

  constructor(parts) {
    Object.assign(this, parts);
    this.listen(this.page);
  }

  listen(page) {
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.complaints.push(`script: ${error.message}`));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(`${this.base}/_sandbox`) && !url.startsWith('data:')) this.complaints.push(`asked elsewhere: ${url}`);
    });
  }

  /** Nothing was complained about but what was refused on purpose. */
  isQuiet() {
    const refused = this.complaints.filter((one) => /status of 4\d\d/.test(one));
    const others = this.complaints.filter((one) => !refused.includes(one));
    same(others, [], 'the browser complained');
    same(refused.length, this.refusals, 'refusals that the console tells of');
  }

  async go() {
    const answer = await this.page.goto(`${this.base}/_sandbox`);
    await this.page.locator('main').waitFor();
    return answer;
  }

  /** An order's card. */
  card(number) {
    return this.page.locator(`article[data-number="${number}"]`);
  }

  /** Waits until the card of an order is in this state: `waiting`, `paid`, …. */
  async standing(number, state) {
    await this.page.locator(`article[data-number="${number}"].${state}`).waitFor();
  }

  tool(name) {
    return this.page.locator(`[data-tool="${name}"]`);
  }

  /** The words of the newest message of a kind, once there is one with these in it. It is closed then. */
  async told(kind, words) {
    const message = this.page.locator(`.message.${kind}`).filter({ hasText: words }).last();
    await message.waitFor();
    const text = await message.locator('p').innerText();
    await message.getByRole('button').click();
    return text;
  }

  /** Waits until the page has looked at the sandbox so many times again. */
  async looks(times) {
    for (let look = 0; look < times; look += 1) {
      await this.page.waitForResponse((answer) => answer.url().includes('/_sandbox/trades?'));
    }
  }

  /** Lets another system order; waits until it is on the page. */
  async order(out_trade_no, more) {
    const asked = { out_trade_no, total_fen: 1280, notify_url: this.shop.url, description: '龙井茶 · 明前一级', ...more };
    const trade = await this.truth.call('POST', 'trades', asked);
    await this.card(out_trade_no).waitFor();
    return trade;
  }

  /** Waits until so many notifications of a kind have come to the shop. */
  async came(event, times) {
    const count = () => this.shop.events.filter((one) => one === event).length;
    await until(`${times} × ${event} at the shop`, async () => count() >= times);
    same(count(), times, `${event} at the shop`);
  }

  async picture(name, options) {
    const closes = this.page.locator('.message button');
    while (await closes.count() > 0) await closes.first().click();
    // A long picture begins above; a heading that stays in sight would stand in its middle.
    if (options) await this.page.evaluate(() => window.scrollTo(0, 0));
    await this.page.screenshot({ path: this.pathOf(name), ...options });
  }

  /** Nothing is wider than the window. */
  async fits() {
    // A phone makes what is too wide smaller, and says then that its window is as wide.
    const { width } = this.page.viewportSize();
    const wide = await this.page.evaluate(() => Math.max(document.documentElement.scrollWidth, window.innerWidth));
    check(wide <= width, `the page is ${wide - width} pixels wider than the window`);
  }

  /** The whole way on a phone: see it, fail to pay, pay, refund. */
  async onAPhone() {
    const number = 'PHONE00001';
    await this.truth.call('POST', 'trades', { out_trade_no: number, total_fen: 990, notify_url: this.shop.url, description: 'Teapot 紫砂壶' });
    await this.go();
    await this.standing(number, 'waiting');
    await this.fits();
    await this.picture('phone-waiting');
    const card = this.card(number);
    await card.locator('[data-do="fail"]').tap();
    await this.told('done', number);
    await card.getByText('Coupon and account').tap();
    await card.locator('[name="coupon"]').fill('1.5');
    await card.locator('[data-do="pay"]').tap();
    await this.standing(number, 'paid');
    const paid = await this.truth.trade(number);
    same([paid.trade_state, paid.paid_fen, paid.coupon_fen, paid.failed_payments], ['SUCCESS', 990, 150, 1], 'the ledger');
    await card.locator('summary[data-do="refund"]').tap();
    await card.getByRole('button', { name: 'Refund', exact: true }).tap();
    await this.standing(number, 'refunded');
    same((await this.truth.refunds(number)).map((refund) => refund.refund_fen), [990], 'refunds');
    await this.fits();
    await card.scrollIntoViewIfNeeded();
    await this.picture('phone-refunded', { fullPage: true });
    return 'failed, paid with a coupon and refunded by touch, in English, in the dark; nothing is wider than the window';
  }
}

module.exports = { Visit };
