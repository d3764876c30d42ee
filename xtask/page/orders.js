// Orders: how they appear, their codes, and that what a merchant writes is only ever text.
'use strict';

const { PNG } = require('pngjs');
const jsQR = require('jsqr');
const { check, same, until } = require('./truth');

/** What stands in a picture of a code. */
async function read(image) {
  const png = PNG.sync.read(await image.screenshot());
  const found = jsQR(new Uint8ClampedArray(png.data), png.width, png.height);
  return found && found.data;
}

module.exports = {
  async empty(visit) {
    const answer = await visit.go();
    const policy = answer.headers()['content-security-policy'];
    check(policy.startsWith("default-src 'none'") && !policy.includes('unsafe'), `the policy is ${policy}`);
    same(await visit.page.title(), '微信支付沙箱', 'the title');
    check(await visit.page.getByText('还没有订单').isVisible(), 'it does not say that there are no orders');
    check(await visit.page.getByText('这里没有真钱').isVisible(), 'it does not say that this is no money');
    await visit.picture('desktop-empty');
    return 'a page without orders says so, and that this is no money';
  },

  async order(visit) {
    await visit.order('COURSE0001');
    await visit.standing('COURSE0001', 'waiting');
    const form = visit.tool('order');
    await form.locator('summary').click();
    await form.locator('[name="amount"]').fill('1,234.5');
    await form.locator('[name="number"]').fill('COURSE0002');
    await form.locator('[name="url"]').fill(visit.shop.url);
    await form.getByRole('button', { name: '下单' }).click();
    await visit.told('done', '已下单 COURSE0002');
    await visit.standing('COURSE0002', 'waiting');
    const trade = await visit.truth.trade('COURSE0002');
    same([trade.trade_type, trade.total_fen, trade.ordered_by], ['NATIVE', 123450, 'elsewhere'], 'the ledger');
    same(await visit.card('COURSE0002').locator('.amount').innerText(), '¥1,234.50', 'the amount');
    const numbers = await visit.page.locator('article').evaluateAll((all) => all.map((one) => one.dataset.number));
    same(numbers, ['COURSE0002', 'COURSE0001'], 'the newest comes first');
    return 'an order of another program appears by itself; one is placed on the page; the newest comes first';
  },

  async code(visit) {
    const image = visit.card('COURSE0001').locator('.code img');
    const { prepay } = await visit.truth.trade('COURSE0001');
    // The element is there before its picture is.
    same(await until('a code that can be read', () => read(image)), prepay, 'what the code says');
    check(/^weixin:\/\/wxpay\/bizpayurl\?pr=/.test(prepay), `the code_url is ${prepay}`);
    await visit.picture('desktop-waiting');
    return `the QR code on the screen, read back, is the code_url`;
  },

  async harmless(visit) {
    const number = 'COURSE0003';
    const description = '<img src=x onerror="window.harm=1"><script>window.harm=1</script>"\'&lt;';
    await visit.order(number, { description, attach: '</dd><script>window.harm=1</script>' });
    const card = visit.card(number);
    same(await card.locator('.description').innerText(), description, 'the description');
    await card.getByText('详情').click();
    same(await card.locator('[data-detail="attach"]').innerText(), '</dd><script>window.harm=1</script>', 'attach');
    same(await card.locator('img').count(), 1, 'pictures, with the code');
    same(await visit.page.locator('script').count(), 1, 'scripts, with the page’s own');
    same(await visit.page.evaluate(() => typeof window.harm), 'undefined', 'what the description has done');
    return 'a description and an attachment with tags in them are text, and nothing runs';
  },

  async typing(visit) {
    const card = visit.card('COURSE0001');
    await card.getByText('优惠与账户').click();
    const coupon = card.locator('[name="coupon"]');
    await coupon.pressSequentially('0.8');
    await visit.truth.call('POST', 'pay/COURSE0003', { outcome: 'fail' });
    await visit.card('COURSE0003').getByText('付款失败 1 次').waitFor();
    await visit.looks(2);
    await visit.page.keyboard.type('0');
    same(await coupon.inputValue(), '0.80', 'what was typed while the page changed');
    return 'what is being typed stays, with its focus, while the page looks again and changes';
  },

  async refused(visit) {
    const card = visit.card('COURSE0001');
    const coupon = card.locator('[name="coupon"]');
    await coupon.fill('二十');
    await card.locator('[data-do="pay"]').click();
    await visit.told('refused', '“二十”不是金额');
    await coupon.fill('12.80');
    await card.locator('[data-do="pay"]').click();
    visit.refusals += 1;
    const said = await visit.told('refused', '填写有误');
    check(said.includes('coupon_fen must be at least 0 and below the total'), `it says: ${said}`);
    same((await visit.truth.trade('COURSE0001')).trade_state, 'NOTPAY', 'the ledger');
    return 'what is no amount, and what the sandbox refuses, is said in words';
  },
};
