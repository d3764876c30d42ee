// Money that moves, or does not: paying, failing, refunds and their ends, and the notifications of all that.
'use strict';

const { check, same, until } = require('./truth');

/** The rows of refunds on a card. */
function refundRow(visit, number) {
  return visit.page.locator(`[data-refund="${number}"]`);
}

/** Asks for a refund on the page. */
async function refund(visit, order, { amount, number, url }) {
  const card = visit.card(order);
  const form = card.locator('details.actions');
  if (!(await form.evaluate((details) => details.open))) await card.locator('summary[data-do="refund"]').click();
  await form.locator('[name="amount"]').fill(amount);
  await form.locator('[name="number"]').fill(number);
  if (url) await form.locator('[name="url"]').fill(url);
  await form.getByRole('button', { name: '退款', exact: true }).click();
}

module.exports = {
  async fail(visit) {
    const card = visit.card('COURSE0001');
    await card.locator('[name="coupon"]').fill('');
    await card.locator('[data-do="fail"]').click();
    await visit.told('done', 'COURSE0001 付款失败');
    await card.getByText('付款失败 1 次').waitFor();
    await visit.standing('COURSE0001', 'waiting');
    const trade = await visit.truth.trade('COURSE0001');
    same([trade.trade_state, trade.failed_payments], ['NOTPAY', 1], 'the ledger');
    same(visit.shop.events, [], 'what the shop was told');
    return 'a payment fails: the order waits on, and nobody is told';
  },

  async pay(visit) {
    const card = visit.card('COURSE0001');
    await card.locator('[name="coupon"]').fill('0.80');
    await card.locator('[data-do="pay"]').click();
    await visit.standing('COURSE0001', 'paid');
    const trade = await visit.truth.trade('COURSE0001');
    same([trade.trade_state, trade.paid_fen, trade.coupon_fen, trade.payer_total_fen], ['SUCCESS', 1280, 80, 1200], 'the ledger');
    same(await card.locator('.code').count(), 0, 'codes of what is paid');
    await visit.came('TRANSACTION.SUCCESS', 1);
    await card.locator('[data-event="TRANSACTION.SUCCESS"] .notice-delivered').waitFor();
    await card.locator('.attempts .well').filter({ hasText: '应答 204' }).waitFor();
    return 'paid with a coupon; the code is gone, the shop was told, and the page shows its answer';
  },

  async resend(visit) {
    const row = visit.card('COURSE0001').locator('[data-event="TRANSACTION.SUCCESS"]');
    await row.locator('[data-do="resend"]').click();
    await visit.told('done', '付款成功：应答 204');
    await visit.came('TRANSACTION.SUCCESS', 2);
    await row.locator('.attempts .well').filter({ hasText: '手动' }).waitFor();
    visit.shop.status = 500;
    await row.locator('[data-do="resend"]').click();
    await visit.told('done', '付款成功：应答 500');
    visit.shop.status = 204;
    await row.locator('.attempts .ill').filter({ hasText: '应答 500' }).waitFor();
    return 'a notification is sent again by hand, and the page says how it was answered';
  },

  async refund(visit) {
    await refund(visit, 'COURSE0001', { amount: '13', number: 'REFUND01', url: visit.shop.url });
    visit.refusals += 1;
    await visit.told('refused', '微信支付拒绝这笔退款');
    await refund(visit, 'COURSE0001', { amount: '2.80', number: 'REFUND01' });
    await visit.told('done', '退款 REFUND01 已受理');
    await visit.standing('COURSE0001', 'refunded');
    const [made] = await visit.truth.refunds('COURSE0001');
    same([made.out_refund_no, made.refund_fen, made.made_by], ['REFUND01', 280, 'elsewhere'], 'the ledger');
    await refundRow(visit, 'REFUND01').locator('[data-do="success"]').click();
    await refundRow(visit, 'REFUND01').locator('.refund-success').waitFor();
    await visit.came('REFUND.SUCCESS', 1);
    return 'more than was paid is refused in words; a part goes back, as made elsewhere, and the shop is told';
  },

  async clock(visit) {
    const before = Date.parse((await visit.truth.call('GET', 'clock')).now);
    await visit.tool('clock').locator('[data-advance="900"]').click();
    await visit.told('done', '时钟走到');
    await visit.tool('clock').locator('[name="minutes"]').fill('45');
    await visit.tool('clock').getByRole('button', { name: '快进', exact: true }).click();
    await visit.told('done', '时钟走到');
    const passed = Date.parse((await visit.truth.call('GET', 'clock')).now) - before;
    check(passed >= 3_600_000, `only ${passed} ms have passed`);
    const shown = await visit.tool('clock').locator('.time').innerText();
    check(/^\d\d:\d\d:\d\d$/.test(shown), `the clock shows ${shown}`);
    await until('a clock that goes on', async () => (await visit.tool('clock').locator('.time').innerText()) !== shown);
    return 'the clock goes on by itself, and an hour ahead by two clicks';
  },

  async abnormal(visit) {
    await refund(visit, 'COURSE0001', { amount: '5', number: 'REFUND02', url: visit.shop.url });
    const row = refundRow(visit, 'REFUND02');
    await row.locator('.refund-processing').waitFor();
    await row.locator('[data-do="abnormal"]').click();
    await row.locator('.refund-abnormal').waitFor();
    await visit.came('REFUND.ABNORMAL', 1);
    same(await row.locator('[data-do]').count(), 1, 'ends that an abnormal refund can have');
    await visit.picture('desktop-refunds', { fullPage: true });
    await row.locator('[data-do="success"]').click();
    await row.locator('.refund-success').waitFor();
    await visit.came('REFUND.SUCCESS', 2);
    same((await visit.truth.refunds('COURSE0001')).map((one) => one.status), ['SUCCESS', 'SUCCESS'], 'the ledger');
    const events = visit.card('COURSE0001').locator('[data-event="REFUND.SUCCESS"]').filter({ hasText: 'REFUND02' });
    await events.locator('[data-do="resend"]').click();
    await visit.told('done', '退款成功：应答 204');
    await visit.came('REFUND.SUCCESS', 3);
    const old = visit.card('COURSE0001').locator('[data-event="REFUND.ABNORMAL"]');
    same(await old.locator('[data-do="resend"]').count(), 0, 'older notifications of a refund that could be sent again');
    await visit.tool('clock').locator('[data-advance="900"]').click();
    await visit.told('done', '时钟走到');
    await refund(visit, 'COURSE0001', { amount: '', number: 'REFUND03', url: visit.shop.url });
    await refundRow(visit, 'REFUND03').locator('[data-do="closed"]').click();
    await refundRow(visit, 'REFUND03').locator('.refund-closed').waitFor();
    await visit.came('REFUND.CLOSED', 1);
    same((await visit.truth.refunds('COURSE0001'))[2].refund_fen, 500, 'all that was left');
    return 'refunds end abnormal, then well, or closed; the notification of one is sent again';
  },
};
