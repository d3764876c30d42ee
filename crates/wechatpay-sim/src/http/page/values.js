
// ---- values.js: money and times between what the sandbox says and what a person reads. Fen are whole numbers.

/** `¥1,234.50` of 123450. */
function yuan(fen) {
  const whole = String(Math.floor(Math.abs(fen) / 100)).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${fen < 0 ? '-' : ''}¥${whole}.${String(Math.abs(fen) % 100).padStart(2, '0')}`;
}

/** Fen of what a person has typed in yuan; null of nothing. What is no amount is said so. */
function fenOf(typed) {
  const text = typed.trim().replace(/^[¥￥]/, '').replace(/,/g, '');
  if (text === '') return null;
  const [, whole, part] = /^(\d{1,9})(?:\.(\d{1,2}))?$/.exec(text) || [];
  if (whole === undefined) throw new Refusal('no_amount', typed);
  return Number(whole) * 100 + Number((part || '').padEnd(2, '0'));
}

/** `11-21 10:00:05` of `2026-11-21T10:00:05+08:00`, with the year if it is another than now. */
function instant(text) {
  if (!text) return '';
  const sameYear = text.slice(0, 4) === clockNow().slice(0, 4);
  return text.slice(sameYear ? 5 : 0, 19).replace('T', ' ');
}

/** `10:00:05`, with the day if it is another than that of `beside`. */
function shortInstant(text, beside) {
  return text.slice(0, 10) === (beside || '').slice(0, 10) ? text.slice(11, 19) : instant(text);
}

/** Milliseconds as Beijing's wall clock shows them, in the sandbox's form. */
function beijing(milliseconds) {
  return `${new Date(milliseconds + 8 * 3600 * 1000).toISOString().slice(0, 19)}+08:00`;
}

/** A number that no other has: the prefix, the wall clock, and four letters of chance. */
function newNumber(prefix) {
  const letters = crypto.getRandomValues(new Uint8Array(4));
  const chance = Array.from(letters, (byte) => 'ABCDEFGHJKMNPQRSTUVWXYZ23456789'[byte % 31]).join('');
  return `${prefix}${beijing(Date.now()).replace(/\D/g, '').slice(0, 14)}${chance}`;
}
