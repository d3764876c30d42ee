
// ---- tools.js: what is not about one order: the clock, the faults, and an order of another system.

/** Spans of the clock, in seconds: a notification's ladder, an H5 code, any code, a bill, an order's life. */
const SPANS = [60, 900, 3600, 7200, 86400, 604800];
/** Where an order of this page is notified, when no order says where. */
const NOTIFY_URL = 'http://127.0.0.1:8000/notify';
/** Beside the orders there is room for what is open; on a phone it would stand before them. */
const IS_WIDE = matchMedia('(min-width: 901px)').matches;

/** One of these: its title, what is said of it while it is closed, and what is in it. */
function tool(name, { open, title, status, alarmed }, ...inside) {
  return h(
    'section',
    { key: name, class: alarmed ? 'card tool alarmed' : 'card tool', 'data-tool': name },
    h('details', { open }, h('summary', null, h('h2', null, title), h('span', { class: 'status' }, status)), h('div', { class: 'inside' }, inside)),
  );
}

function clockTool() {
  const advance = (seconds) => act('clock', async () => {
    const { now } = await ask('PUT', 'clock', { advance_s: seconds });
    return say('advanced', now.slice(0, 19).replace('T', ' '));
  });
  const now = clockNow();
  const usual = String(known.clock.speed) === '1';
  return tool(
    'clock',
    { open: IS_WIDE, title: say('clock'), status: now.slice(0, 19).replace('T', ' ') },
    h('p', { class: 'clock' }, h('span', { class: 'time' }, now.slice(11, 19)), h('span', { class: 'day' }, now.slice(0, 10)), !usual && h('span', { class: 'tag warn' }, say('speed', known.clock.speed))),
    h('div', { class: 'buttons small grid' }, SPANS.map((seconds) => button('clock', `+${say(`span.${seconds}`)}`, { key: seconds, 'data-advance': seconds, onclick: () => advance(seconds) }))),
    h(
      'form',
      { class: 'line', onsubmit: (event) => { event.preventDefault(); advance(Math.round(Number(event.target.elements.minutes.value) * 60)); } },
      field(say('minutes'), { name: 'minutes', type: 'number', min: 1, step: 1, value: 30 }),
      button('clock', say('advance'), { type: 'submit' }),
    ),
    h('p', { class: 'hint' }, say('clockWhy')),
  );
}

function faultsTool() {
  const rules = known.faults.rules.length;
  const name = known.faults.name || say('ownRules', rules);
  const put = (body, done) => act('faults', async () => {
    await ask('PUT', 'faults', body);
    return done;
  });
  const choose = (event) => {
    known.script = event.target.value;
    draw();
  };
  const apply = (form) => {
    const { script } = typedInto(form);
    return put({ script }, say('applied', script));
  };
  const standing = rules > 0 ? say('faultsOn', name) : say('faultsOff');
  const chosen = known.scripts.find((script) => script.name === known.script) || known.scripts[0];
  return tool(
    'faults',
    { open: IS_WIDE, title: say('faults'), status: standing, alarmed: rules > 0 },
    h('p', { class: 'standing' }, standing),
    rules > 0 && h('p', { class: 'hint' }, meaning(known.faults)),
    rules > 0 && h('ul', { class: 'counts' }, known.counts.map((count) => h('li', null, say('acted', count.action, count.acted, count.matched)))),
    h(
      'form',
      { class: 'line', onsubmit: (event) => { event.preventDefault(); apply(event.target); } },
      h(
        'label',
        null,
        h('span', null, say('chooseScript')),
        h('select', { name: 'script', onchange: choose }, known.scripts.map((script) => h('option', { key: script.name, value: script.name, title: meaning(script) }, script.name))),
      ),
      button('faults', say('apply'), { type: 'submit' }),
    ),
    chosen && chosen.name !== known.faults.name && h('p', { class: 'hint' }, meaning(chosen)),
    rules > 0 && h('div', { class: 'buttons' }, button('faults', say('off'), { 'data-do': 'off', onclick: () => put({ rules: [] }, say('turnedOff')) })),
  );
}

/** What a script shows. */
function meaning(script) {
  return (known.language === 'zh' && SCRIPTS_ZH[script.name]) || script.description || '';
}

function orderTool() {
  const order = (form) => act('order', async () => {
    const typed = typedInto(form);
    const asked = {
      out_trade_no: typed.number.trim() || newNumber('WEB'),
      total_fen: fenOf(typed.amount) ?? 0,
      description: typed.description.trim() || say('sample'),
      notify_url: typed.url.trim(),
      product: typed.product,
    };
    if (typed.product === 'jsapi') asked.openid = typed.payer.trim();
    await ask('POST', 'trades', asked);
    form.elements.number.value = '';
    return say('ordered', asked.out_trade_no);
  });
  const [newest] = known.list.trades;
  const products = [['native', 'NATIVE'], ['jsapi', 'JSAPI'], ['h5', 'MWEB'], ['app', 'APP']];
  return tool(
    'order',
    { open: false, title: say('order') },
    h(
      'form',
      { class: 'fields order', onsubmit: (event) => { event.preventDefault(); order(event.target); } },
      h('label', null, h('span', null, say('orderProduct')), h('select', { name: 'product' }, products.map(([value, type]) => h('option', { key: value, value }, say(`product.${type}`))))),
      field(say('orderAmount'), { name: 'amount', inputmode: 'decimal', value: '12.80' }),
      field(say('orderDescription'), { name: 'description', maxlength: 127, placeholder: say('sample') }),
      field(say('orderNumber'), { name: 'number', maxlength: 32, placeholder: say('automatic') }),
      h('div', { class: 'payer' }, field(say('orderPayer'), { name: 'payer', value: 'alice' })),
      field(say('orderUrl'), { name: 'url', inputmode: 'url', value: newest ? newest.notify_url : NOTIFY_URL }),
      h('p', { class: 'hint' }, say('orderWhy')),
      h('div', { class: 'buttons' }, button('order', say('orderIt'), { type: 'submit', class: 'main' })),
    ),
  );
}
