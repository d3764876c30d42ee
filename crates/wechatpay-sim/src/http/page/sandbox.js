
// ---- sandbox.js: what is known of the sandbox, and how it is asked. Whatever it refuses is said in words.

/** How often it is looked at, in milliseconds. */
const LOOK_EVERY = 2000;
/** How many more orders are shown at a time, and how many at most. */
const MORE = 50;
const MOST = 500;
/** How long it stands that something is done, in milliseconds. A refusal stands until it is closed. */
const DONE_STANDS = 6000;

/** A no, with the sandbox's code and its own words. */
class Refusal extends Error {
  constructor(code, words) {
    super(words);
    this.code = code;
  }
}

/** All that the page shows. */
const known = {
  language: languageOfTheStart(),
  list: null,
  clock: null,
  clockAt: 0,
  faults: null,
  counts: [],
  scripts: [],
  script: null,
  merchant: null,
  lost: false,
  newest: MORE,
  find: '',
  busy: new Set(),
  messages: [],
  told: 0,
};

function languageOfTheStart() {
  const chosen = localStorage.getItem('language');
  if (chosen in WORDS) return chosen;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

/** Asks a control route; `undefined` for an answer without a body. */
async function ask(method, path, body) {
  const options = { method, cache: 'no-store', headers: {} };
  if (body !== undefined) {
    options.headers['Content-Type'] = 'application/json';
    options.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    throw new Refusal('unreachable', error.message);
  }
  const text = await answer.text();
  const said = text && JSON.parse(text);
  if (!answer.ok) throw new Refusal((said && said.code) || `HTTP ${answer.status}`, (said && said.message) || '');
  return said || undefined;
}

/** A name within a path. */
function segment(name) {
  return encodeURIComponent(name);
}

/** Looks at everything once. */
async function look() {
  const find = known.find.trim();
  try {
    const [list, clock, faults, counts] = await Promise.all([
      ask('GET', `trades?newest=${known.newest}&find=${segment(find)}`),
      ask('GET', 'clock'),
      ask('GET', 'faults'),
      ask('GET', 'faults/counts'),
    ]);
    // What was asked for before the last key was pressed is not shown any more.
    if (find === known.find.trim()) known.list = list;
    Object.assign(known, { clock, clockAt: Date.now(), faults, counts: counts.rules, lost: false });
    if (!known.merchant) await lookOnce();
  } catch (refusal) {
    known.lost = refusal;
  }
  draw();
}

/** What does not change while the sandbox runs. Of the keys only the merchant's numbers are kept. */
async function lookOnce() {
  const [{ scripts }, { mchid, appid }] = await Promise.all([ask('GET', 'faults/scripts'), ask('GET', 'credentials')]);
  Object.assign(known, { scripts, merchant: { mchid, appid } });
}

/** Does something that was asked for, says what came of it, and looks again. `name` tells which button waits. */
async function act(name, work) {
  if (known.busy.has(name)) return;
  known.busy.add(name);
  draw();
  try {
    tell('done', await work());
  } catch (error) {
    // Also a mistake of this page is told: it would stay unseen otherwise.
    const refusal = error instanceof Refusal ? error : new Refusal('page', `${error}`);
    tell('refused', inWords(refusal), ownWords(refusal));
  }
  known.busy.delete(name);
  await look();
}

function tell(kind, text, detail) {
  known.told += 1;
  const message = { id: known.told, kind, text, detail };
  known.messages = [...known.messages.slice(-3), message];
  if (kind === 'done') setTimeout(() => dismiss(message.id), DONE_STANDS);
  draw();
}

function dismiss(id) {
  known.messages = known.messages.filter((message) => message.id !== id);
  draw();
}

/** The sandbox clock now, between two looks. */
function clockNow() {
  if (!known.clock) return beijing(Date.now());
  const [times, over] = String(known.clock.speed).split('/').map(Number);
  const passed = ((Date.now() - known.clockAt) * times) / (over || 1);
  return beijing(Date.parse(known.clock.now) + passed);
}

/** The text fields of a form, by name. */
function typedInto(form) {
  return Object.fromEntries(new FormData(form));
}
