// What is around the orders: faults, expiry, products, other sites, and the two languages.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');
const { check, same } = require('./truth');

module.exports = {
  async faults(visit) {
    const tool = visit.tool('faults');
    await tool.locator('.standing').filter({ hasText: '没有故障' }).waitFor();
    await tool.locator('select').selectOption('lost-notifications');
    await tool.getByRole('button', { name: '启用' }).click();
    await tool.locator('.standing').filter({ hasText: '正在生效：lost-notifications' }).waitFor();
    same((await visit.truth.call('GET', 'faults')).name, 'lost-notifications', 'the script in force');
    await visit.order('COURSE0004');
    await visit.card('COURSE0004').locator('[data-do="pay"]').click();
    await visit.standing('COURSE0004', 'paid');
    await visit.card('COURSE0004').locator('.attempts .ill').filter({ hasText: '被丢弃' }).first().waitFor();
    await tool.getByText(/^drop：生效 [1-9]/).waitFor();
    await visit.picture('desktop-faults');
    await tool.locator('[data-do="off"]').click();
    await tool.locator('.standing').filter({ hasText: '没有故障' }).waitFor();
    same((await visit.truth.call('GET', 'faults')).rules, [], 'rules in force');
    return 'a script is chosen, acts, says how often, and is turned off';
  },

  async expired(visit) {
    await visit.order('COURSE0005');
    const code = visit.card('COURSE0005').locator('.code');
    await code.getByText('等待扫码').waitFor();
    await visit.tool('clock').locator('[data-advance="7200"]').click();
    await code.getByText('二维码已过期').waitFor();
    await visit.picture('desktop-expired');
    await visit.standing('COURSE0005', 'waiting');
    await visit.tool('clock').locator('[data-advance="604800"]').click();
    await visit.standing('COURSE0005', 'closed');
    same((await visit.truth.trade('COURSE0005')).closed_by, 'age', 'the ledger');
    same(await visit.card('COURSE0005').locator('[data-do]').count(), 0, 'what can be done with what is closed');
    return 'a code expires before its order does, and the order closes with age';
  },

  async products(visit) {
    const form = visit.tool('order');
    for (const [product, type, tag] of [['jsapi', 'JSAPI', 'JSAPI 小程序'], ['h5', 'MWEB', 'H5 浏览器'], ['app', 'APP', 'App']]) {
      await form.locator('[name="product"]').selectOption(product);
      await form.locator('[name="number"]').fill(`COURSE-${product}`);
      same(await form.locator('.payer').isVisible(), product === 'jsapi', 'whether a payer is asked for');
      await form.getByRole('button', { name: '下单' }).click();
      const card = visit.card(`COURSE-${product}`);
      await card.locator('.tag.product').filter({ hasText: tag }).waitFor();
      same((await visit.truth.trade(`COURSE-${product}`)).trade_type, type, 'the ledger');
      same(await card.locator('.code').count(), 0, 'codes of what is not Native');
      await card.locator('[data-do="pay"]').click();
      await visit.standing(`COURSE-${product}`, 'paid');
    }
    const search = visit.page.getByRole('searchbox');
    await search.fill('course-h5');
    await visit.page.getByText('显示 1 / 1 笔').waitFor();
    same(await visit.page.locator('article').count(), 1, 'orders found');
    await search.fill('');
    await visit.card('COURSE0001').waitFor();
    return 'JSAPI, H5 and App are ordered and paid as well, and found again by a part of their numbers';
  },

  async otherSite(visit) {
    await visit.order('COURSE0006');
    const site = await visit.context.newPage();
    await site.goto(visit.shop.base);
    const seen = await site.evaluate(async (base) => {
      const options = { method: 'POST', mode: 'no-cors', body: '{}', headers: { 'Content-Type': 'text/plain' } };
      const paid = await fetch(`${base}/_sandbox/pay/COURSE0006`, options).then((answer) => answer.type, () => 'nothing');
      const keys = await fetch(`${base}/_sandbox/credentials`).then((answer) => answer.text(), () => 'nothing');
      return [paid, keys];
    }, visit.base);
    await site.close();
    // A browser may not even ask, for a site that is on this machine.
    check(['opaque', 'nothing'].includes(seen[0]) && seen[1] === 'nothing', `a page of another site sees ${seen}`);
    same((await visit.truth.trade('COURSE0006')).trade_state, 'NOTPAY', 'what it could do');
    return 'a page of another site, in the same browser, neither pays nor reads the keys';
  },

  async languages(visit) {
    const words = fs.readFileSync(path.join(visit.sources, 'words.js'), 'utf8');
    const { zh, en, meant } = vm.runInNewContext(`${words};({ ...WORDS, meant: SCRIPTS_ZH })`);
    const { scripts } = await visit.truth.call('GET', 'faults/scripts');
    same(Object.keys(meant).sort(), scripts.map((script) => script.name).sort(), 'scripts with Chinese words');
    same(Object.keys(zh), Object.keys(en), 'what both languages say');
    const holes = (text) => text.match(/\{\d\}/g)?.sort().join() ?? '';
    for (const key of Object.keys(zh)) same(holes(zh[key]), holes(en[key]), `what is told along in ${key}`);
    await visit.page.getByRole('button', { name: 'English' }).click();
    same(await visit.page.title(), 'WeChat Pay sandbox', 'the title');
    same(await visit.page.locator('html').getAttribute('lang'), 'en', 'the language');
    // What the page itself says is English now; what merchants wrote stays as it was.
    const said = await visit.page.locator('h1, h2, h3, button:not([lang]), summary, .state, .tag, label, .hint, .notice').allInnerTexts();
    const chinese = said.filter((text) => /\p{Script=Han}/u.test(text));
    same(chinese, [], 'Chinese on the English page');
    await visit.picture('desktop-english', { fullPage: true });
    await visit.page.reload();
    await visit.page.locator('main').waitFor();
    same(await visit.page.title(), 'WeChat Pay sandbox', 'the title after a reload');
    await visit.page.getByRole('button', { name: '中文' }).click();
    same(await visit.page.locator('html').getAttribute('lang'), 'zh-CN', 'the language');
    check(await visit.page.getByText('这里没有真钱').isVisible(), 'it is not Chinese again');
    return `both languages say the same ${Object.keys(zh).length} things, and the choice stays`;
  },
};
