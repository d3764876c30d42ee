
// ---- page.js: the whole page, drawn anew when anything is known anew.

let drawn = [];

function draw() {
  document.documentElement.lang = known.language === 'zh' ? 'zh-CN' : 'en';
  document.title = say('title');
  const page = [heading(), notice(), known.list ? main() : null, messages()].filter(Boolean);
  fill(document.body, drawn, page);
  drawn = page;
}

function heading() {
  const chosen = (language, name) => h('button', {
    type: 'button',
    lang: language,
    'aria-pressed': String(known.language === language),
    onclick: () => {
      localStorage.setItem('language', language);
      known.language = language;
      draw();
    },
  }, name);
  return h(
    'div',
    { key: 'top', class: 'top' },
    h(
      'div',
      { class: 'wide' },
      h('h1', null, h('span', { class: 'mark', 'aria-hidden': 'true' }), say('title')),
      known.merchant && h('span', { class: 'merchant' }, say('merchant', known.merchant.mchid)),
      h('span', { class: known.lost ? 'pulse lost' : 'pulse', role: 'status' }, h('span', null, known.lost ? say('lost') : say('live'))),
      h('div', { class: 'languages' }, chosen('zh', '中文'), chosen('en', 'English')),
    ),
  );
}

function notice() {
  return h('div', { key: 'notice', class: 'notice' }, h('p', { class: 'wide' }, h('strong', null, say('noMoney')), ' ', say('noMoneyWhy')));
}

function main() {
  const { trades, found, count } = known.list;
  return h(
    'main',
    { key: 'main', class: 'wide' },
    h('aside', null, clockTool(), faultsTool(), orderTool()),
    h(
      'div',
      { class: 'trades' },
      h(
        'div',
        { class: 'search' },
        h('input', { type: 'search', 'aria-label': say('find'), placeholder: say('find'), oninput: (event) => { known.find = event.target.value; look(); } }),
        h('span', { class: 'count' }, say('shown', trades.length, found)),
      ),
      trades.map(tradeCard),
      trades.length === 0 && h('div', { key: 'none', class: 'card none' }, count > 0 ? h('p', null, say('nothingFound', known.find)) : [h('h2', null, say('none')), h('p', null, say('noneWhy'))]),
      found > trades.length && known.newest < MOST && h('button', {
        key: 'more',
        type: 'button',
        class: 'more',
        onclick: () => {
          known.newest = Math.min(known.newest + MORE, MOST);
          look();
        },
      }, say('more', Math.min(MORE, found - trades.length))),
    ),
  );
}

function messages() {
  return h('div', { key: 'messages', class: 'messages' }, known.messages.map(({ id, kind, text, detail }) => h(
    'div',
    { key: id, class: `message ${kind}`, role: kind === 'refused' ? 'alert' : 'status' },
    h('p', null, text, detail && h('small', null, detail)),
    h('button', { type: 'button', 'aria-label': say('close'), onclick: () => dismiss(id) }, '×'),
  )));
}

/** Looks again and again, but not while nobody sees it. */
async function lookOn() {
  if (!document.hidden) await look();
  setTimeout(lookOn, LOOK_EVERY);
}

draw();
lookOn();
// The clock goes on between two looks.
setInterval(() => { if (!document.hidden && known.clock) draw(); }, 1000);
document.addEventListener('visibilitychange', () => { if (!document.hidden) look(); });
