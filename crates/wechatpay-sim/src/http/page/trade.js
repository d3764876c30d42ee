
// ---- trade.js: one order with its code, refunds and notifications, and what can be done with it.

/** So many attempts of a notification are shown; most answer at once. */
const ATTEMPTS_SHOWN = 4;

/** waiting, expired, paid, refunded or closed. */
function standing(trade) {
  if (trade.trade_state === 'NOTPAY') return trade.payable ? 'waiting' : 'expired';
  return { SUCCESS: 'paid', REFUND: 'refunded', CLOSED: 'closed' }[trade.trade_state];
}

function tradeCard(trade) {
  const where = standing(trade);
  const number = trade.out_trade_no;
  const tag = (kind, text) => h('span', { class: `tag ${kind}` }, text);
  return h(
    'article',
    { key: number, class: `card trade ${where}`, 'data-number': number },
    h(
      'header',
      null,
      h('span', { class: `state ${where}` }, say(`state.${where}`)),
      tag('product', say(`product.${trade.trade_type}`)),
      trade.ordered_by === 'elsewhere' && tag('quiet', say('elsewhere')),
      trade.unfaithful && tag('warn', say('unfaithful')),
      trade.failed_payments > 0 && tag('warn', say('failedTimes', trade.failed_payments)),
      h('time', { datetime: trade.created_at }, instant(trade.created_at)),
    ),
    h(
      'div',
      { class: 'sides' },
      h(
        'div',
        { class: 'side' },
        h('p', { class: 'amount' }, yuan(trade.paid_fen ?? trade.total_fen)),
        h('p', { class: 'description' }, trade.description),
        h('p', { class: 'number' }, number),
        actions(trade, where),
      ),
      where === 'waiting' && trade.trade_type === 'NATIVE' && code(trade),
    ),
    trade.refunds.length > 0 && refunds(trade),
    trade.notifications.length > 0 && notifications(trade),
    details(trade),
  );
}

function code(trade) {
  const source = `trades/${segment(trade.out_trade_no)}/qr.svg?of=${segment(trade.prepay)}`;
  return h(
    'figure',
    { key: 'code', class: trade.prepay_good ? 'code' : 'code ended' },
    h('img', { src: source, alt: say('codeOf', trade.out_trade_no), width: 168, height: 168 }),
    trade.prepay_good
      ? h('figcaption', null, say('codeGood', shortInstant(trade.prepay_ends_at, clockNow())))
      : h('figcaption', null, h('strong', null, say('codeEnded')), ' ', say('codeAgain')),
  );
}

function actions(trade, where) {
  if (where === 'expired') return h('p', { class: 'hint' }, say('cannotPay'));
  if (where === 'waiting') return payForm(trade);
  if (where === 'closed') return null;
  return refundForm(trade);
}

function button(name, text, attributes) {
  const waits = known.busy.has(name);
  return h('button', { type: 'button', 'aria-busy': waits && 'true', ...attributes }, text);
}

function field(label, attributes) {
  return h('label', null, h('span', null, label), h('input', { type: 'text', autocomplete: 'off', ...attributes }));
}

function payForm(trade) {
  const number = trade.out_trade_no;
  const name = `pay ${number}`;
  const pay = (form, outcome) => act(name, async () => {
    const typed = typedInto(form);
    const asked = { outcome, coupon_fen: fenOf(typed.coupon) || 0 };
    if (typed.gone) asked.payer_account = 'abnormal';
    await ask('POST', `pay/${segment(number)}`, asked);
    return say(outcome === 'success' ? 'paid' : 'payFailed', number);
  });
  return h(
    'form',
    { key: 'pay', class: 'actions', onsubmit: (event) => { event.preventDefault(); pay(event.target, 'success'); } },
    h(
      'div',
      { class: 'buttons' },
      button(name, say('pay'), { type: 'submit', class: 'main', 'data-do': 'pay' }),
      button(name, say('payFails'), { onclick: (event) => pay(event.target.form, 'fail'), 'data-do': 'fail' }),
    ),
    h(
      'details',
      { key: 'more' },
      h('summary', null, say('payMore')),
      h(
        'div',
        { class: 'fields' },
        field(say('coupon'), { name: 'coupon', inputmode: 'decimal', placeholder: '0.00' }),
        h('label', { class: 'check' }, h('input', { type: 'checkbox', name: 'gone' }), h('span', null, say('accountGone'))),
      ),
    ),
  );
}

function refundForm(trade) {
  const left = trade.paid_fen - trade.refund_requested_fen;
  if (left <= 0) return h('p', { class: 'hint' }, say('nothingLeft'));
  const number = trade.out_trade_no;
  const name = `refund ${number}`;
  const refund = (form) => act(name, async () => {
    const typed = typedInto(form);
    const asked = { out_trade_no: number, out_refund_no: typed.number.trim() || newNumber('R') };
    const fen = fenOf(typed.amount);
    if (fen !== null) asked.refund_fen = fen;
    if (typed.url.trim()) asked.notify_url = typed.url.trim();
    await ask('POST', 'refunds', asked);
    // What was typed is done; where to notify stays for the next one.
    for (const done of ['amount', 'number']) form.elements[done].value = '';
    return say('refundMade', asked.out_refund_no);
  });
  const before = trade.refunds.map((one) => one.notify_url).filter(Boolean).pop();
  return h(
    'details',
    { key: 'refund', class: 'actions' },
    h('summary', { class: 'button', 'data-do': 'refund' }, say('refund')),
    h(
      'form',
      { class: 'fields', onsubmit: (event) => { event.preventDefault(); refund(event.target); } },
      field(say('refundAmount'), { name: 'amount', inputmode: 'decimal', placeholder: say('refundAll', yuan(left)) }),
      field(say('refundNumber'), { name: 'number', maxlength: 64, placeholder: say('automatic') }),
      field(say('refundUrl'), { name: 'url', inputmode: 'url', value: before || '', placeholder: say('nobodyTold') }),
      h('p', { class: 'hint' }, say('refundHint')),
      h('div', { class: 'buttons' }, button(name, say('refund'), { type: 'submit', class: 'main' })),
    ),
  );
}

function refunds(trade) {
  return h(
    'section',
    { key: 'refunds' },
    h('h3', null, say('refunds')),
    h('ul', { class: 'rows' }, trade.refunds.map((refund) => h('li', { key: refund.out_refund_no, 'data-refund': refund.out_refund_no }, refundRow(refund, trade)))),
  );
}

function refundRow(refund, trade) {
  const number = refund.out_refund_no;
  const name = `end ${number}`;
  const end = (outcome, text) => button(name, text, {
    'data-do': outcome,
    onclick: () => act(name, async () => {
      const ended = await ask('POST', `refund/${segment(number)}`, { outcome });
      return say('ended', number, say(`refund.${ended.status}`));
    }),
  });
  const wasAbnormal = refund.changes.some((change) => change.status === 'ABNORMAL');
  const ends = {
    PROCESSING: [end('success', say('endSuccess')), end('abnormal', say('endAbnormal')), !wasAbnormal && end('closed', say('endClosed'))],
    ABNORMAL: [end('success', say('endSuccess'))],
  }[refund.status];
  const plan = refund.planned;
  return [
    h(
      'div',
      { class: 'what' },
      h('strong', null, yuan(refund.refund_fen)),
      h('span', { class: `state refund-${refund.status.toLowerCase()}` }, say(`refund.${refund.status}`)),
      refund.made_by === 'elsewhere' && h('span', { class: 'tag quiet' }, say('elsewhere')),
      h('code', null, number),
    ),
    h(
      'div',
      { class: 'when' },
      say('made', shortInstant(refund.created_at, trade.created_at)),
      refund.changes.map((change) => ` → ${say(`refund.${change.status}`)} ${shortInstant(change.at, refund.created_at)}`),
      plan && !plan.waits_for_balance && ` · ${say('planned', shortInstant(plan.at, refund.created_at), say(`refund.${plan.status}`))}`,
      plan && plan.waits_for_balance && ` · ${say('waitsForBalance')}`,
      refund.reason && ` · ${refund.reason}`,
    ),
    ends && h('div', { class: 'buttons small' }, ends),
  ];
}

function notifications(trade) {
  // The newest one of the payment, and of each refund, is what can be sent again.
  const newest = new Map(trade.notifications.map((notice) => [notice.out_refund_no, notice.id]));
  return h(
    'section',
    { key: 'notifications' },
    h('h3', null, say('notifications')),
    h(
      'ul',
      { class: 'rows' },
      trade.notifications.map((notice) => h(
        'li',
        { key: notice.id, 'data-event': notice.event_type },
        noticeRow(notice, newest.get(notice.out_refund_no) === notice.id),
      )),
    ),
  );
}

function noticeRow(notice, isNewest) {
  const about = notice.out_refund_no;
  const name = `notify ${notice.id}`;
  const path = about ? `refund/${segment(about)}/notify` : `notify/${segment(notice.out_trade_no)}`;
  const again = () => act(name, async () => say('resent', eventOf(notice), outcome(await ask('POST', path, {}))));
  const shown = notice.attempts.slice(-ATTEMPTS_SHOWN);
  const earlier = notice.attempts.length - shown.length;
  return [
    h(
      'div',
      { class: 'what' },
      h('strong', null, eventOf(notice)),
      h('span', { class: `state notice-${notice.state}` }, say(`notice.${notice.state}`)),
      notice.next_at && h('span', { class: 'tag quiet' }, say('nextAt', shortInstant(notice.next_at, clockNow()))),
      about && h('code', null, about),
    ),
    earlier > 0 && h('div', { class: 'when' }, say('earlier', earlier)),
    h('ol', { class: 'attempts' }, shown.map((attempt) => attemptRow(attempt, notice))),
    h(
      'div',
      { class: 'buttons small' },
      isNewest && button(name, say('resend'), { onclick: again, 'data-do': 'resend' }),
      h('details', { key: 'content' }, h('summary', null, say('content')), h('pre', null, JSON.stringify(notice.resource, null, 2))),
    ),
  ];
}

function eventOf(notice) {
  const key = `event.${notice.event_type}`;
  return key in WORDS[known.language] ? say(key) : notice.event_type;
}

function outcome(attempt) {
  return say(`outcome.${attempt.outcome}`, attempt.status);
}

function attemptRow(attempt, notice) {
  const well = attempt.outcome === 'answered' && attempt.status >= 200 && attempt.status < 300;
  return h(
    'li',
    { class: well ? 'well' : attempt.outcome === 'in_flight' ? 'open' : 'ill' },
    h('time', { datetime: attempt.at }, shortInstant(attempt.at, notice.created_at)),
    ' ',
    outcome(attempt),
    attempt.kind === 'manual' && ` · ${say('byHand')}`,
    attempt.fault && ` · ${say('fault', attempt.fault)}`,
    attempt.tamper && ` · ${say('tampered', attempt.tamper)}`,
    !well && attempt.answer && h('q', null, attempt.answer),
  );
}

function details(trade) {
  const closedBy = { merchant: say('byMerchant'), age: say('byAge') }[trade.closed_by];
  const rows = [
    ['transaction_id', trade.transaction_id],
    ['paid', instant(trade.success_at)],
    ['payer', trade.openid || trade.prepay_openid],
    ['coupon', trade.coupon_fen ? yuan(trade.coupon_fen) : null],
    ['payerTotal', trade.coupon_fen ? yuan(trade.payer_total_fen) : null],
    ['refunded', trade.refund_requested_fen || trade.refunds.length ? `${yuan(trade.refunded_fen)} / ${yuan(trade.refund_requested_fen)}` : null],
    ['created', instant(trade.created_at)],
    ['expires', instant(trade.expires_at)],
    ['closed', trade.closed_at && `${instant(trade.closed_at)} · ${closedBy}`],
    ['attach', trade.attach],
    ['appid', trade.appid],
    ['notifyUrl', trade.notify_url],
    ['prepay', trade.prepay],
  ];
  return h(
    'details',
    { key: 'details', class: 'details' },
    h('summary', null, say('details')),
    h('dl', null, rows.filter(([, value]) => value).map(([name, value]) => [
      h('dt', { key: `${name} name` }, say(`detail.${name}`)),
      h('dd', { key: name, 'data-detail': name }, value),
    ])),
  );
}
