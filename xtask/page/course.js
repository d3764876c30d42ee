// What the sandbox's page has to be able to do, step by step, as a person does it: in a Chromium without a window.
//
// A line `ok STEP: …` for each thing shown; the first thing that is wrong ends it with 1. After each step the ledger is asked
// what truly happened. Screenshots of what a person would have seen are left behind.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { chromium } = require('playwright-core');
const { Shop } = require('./shop');
const { Truth, Failed, WAIT_MS } = require('./truth');
const { Visit } = require('./visit');
const orders = require('./orders');
const money = require('./money');
const around = require('./around');

const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

/** Messages stand until they are closed: nothing here depends on how fast the machine is. */
function standStill() {
  const real = window.setTimeout;
  window.setTimeout = (work, wait, ...more) => (wait > 5000 ? 0 : real(work, wait, ...more));
}

async function main([base, executablePath, pictures, sources]) {
  fs.rmSync(pictures, { recursive: true, force: true });
  fs.mkdirSync(pictures, { recursive: true });
  const [truth, shop] = [new Truth(base), new Shop()];
  await shop.listen();
  // Slow machines answer slowly: a receiver has its minute. Refunds end when somebody ends them.
  await truth.call('PUT', 'settings', { notify_timeout_ms: WAIT_MS, refund_takes_ms: 86_400_000 });
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  let step = 'start';
  try {
    const open = async (viewport, more) => {
      const context = await browser.newContext({ viewport, deviceScaleFactor: 2, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', ...more });
      context.setDefaultTimeout(WAIT_MS);
      await context.addInitScript(standStill);
      const page = await context.newPage();
      return new Visit({ truth, shop, context, page, base, sources, pathOf: (name) => path.join(pictures, `${name}.png`) });
    };
    const visit = await open(DESKTOP);
    const steps = { ...orders, ...money, ...around };
    for (const [name, play] of Object.entries(steps)) {
      step = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      console.log(`ok ${step}: ${await play(visit)}`);
      visit.isQuiet();
    }
    step = 'phone';
    const phone = await open(PHONE, { isMobile: true, hasTouch: true, locale: 'en-GB', colorScheme: 'dark' });
    console.log(`ok ${step}: ${await phone.onAPhone()}`);
    phone.isQuiet();
  } catch (error) {
    // What a driver says goes over many lines, of which the first says most.
    const why = error instanceof Failed ? error.message : `${error.message}`.replace(/\x1b\[\d+m/g, '').split('\n').slice(0, 3).join(' ');
    console.log(`FAILED ${step}: ${why}`);
    if (!(error instanceof Failed)) console.error(error.stack);
    process.exitCode = 1;
  } finally {
    await browser.close();
    shop.close();
  }
}

main(process.argv.slice(2));
