
// ---- nodes.js: elements described as values, and put into the document where they differ from what is there.
// What is there already stays, with what a person has typed into it, its focus and its selection. Text is only ever text.

/** An element: its tag, attributes (`on…` are listeners, `key` names it among its siblings), and children. */
function h(tag, attributes, ...children) {
  const inside = children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== '');
  return { tag, attributes: attributes || {}, children: inside.map((child) => (typeof child === 'object' ? child : { text: String(child) })) };
}

/** What tells it from its siblings: without a key it is any of its kind. */
function nameOf(value) {
  const kind = value.tag || '#text';
  const key = value.attributes && value.attributes.key;
  return key === undefined ? kind : `${kind} ${key}`;
}

/** Makes the children of `parent` those; `before` is what this made of it last time. */
function fill(parent, before, after) {
  const there = new Map();
  for (const old of before) {
    if (!there.has(nameOf(old))) there.set(nameOf(old), []);
    there.get(nameOf(old)).push(old);
  }
  const pairs = after.map((value) => [value, (there.get(nameOf(value)) || []).shift()]);
  for (const left of there.values()) for (const old of left) old.node.remove();
  let place = parent.firstChild;
  for (const [value, old] of pairs) {
    value.node = old ? old.node : made(value);
    change(value, old);
    if (value.node === place) place = place.nextSibling;
    else parent.insertBefore(value.node, place);
  }
}

function made(value) {
  return value.tag ? document.createElement(value.tag) : document.createTextNode(value.text);
}

function change(value, old) {
  if (!value.tag) {
    if (old && old.text !== value.text) value.node.data = value.text;
    return;
  }
  const was = old ? old.attributes : {};
  for (const name of Object.keys(was)) if (!(name in value.attributes)) attribute(value.node, name, null);
  for (const [name, wanted] of Object.entries(value.attributes)) if (was[name] !== wanted) attribute(value.node, name, wanted);
  fill(value.node, old ? old.children : [], value.children);
}

function attribute(node, name, wanted) {
  if (name === 'key') return;
  if (name.startsWith('on')) node[name] = wanted;
  else if (wanted === null || wanted === undefined || wanted === false) node.removeAttribute(name);
  else node.setAttribute(name, wanted === true ? '' : wanted);
}
