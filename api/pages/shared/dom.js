// Building elements, and bringing a page to a wanted tree without losing focus, typed text or running animations.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/** An HTML element; attributes that are null, undefined or false are left out, children may be nested lists. */
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

/** The same for SVG. */
export const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.getAttribute("data-key") : null);

const isAlike = (one, other) =>
  one.nodeType === other.nodeType && one.nodeName === other.nodeName && keyOf(one) === keyOf(other);

function takeAttributes(present, wanted) {
  for (const { name } of [...present.attributes]) {
    if (!wanted.hasAttribute(name)) present.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (present.getAttribute(name) !== value) present.setAttribute(name, value);
  }
}

// A node with a key is moved only when the order changed: moving takes the focus and restarts animations.
function takeChildren(present, wanted) {
  const known = new Map([...present.childNodes].filter((node) => keyOf(node) !== null).map((node) => [keyOf(node), node]));
  const stays = new Set([...wanted.childNodes].map(keyOf));
  let cursor = present.firstChild;
  const drop = () => {
    const next = cursor.nextSibling;
    cursor.remove();
    cursor = next;
  };
  for (const child of [...wanted.childNodes]) {
    const same = known.get(keyOf(child));
    if (same) {
      while (cursor && cursor !== same && !(keyOf(cursor) !== null && stays.has(keyOf(cursor)))) drop();
    }
    if (cursor && (cursor === same || !same) && isAlike(cursor, child)) {
      const next = cursor.nextSibling;
      morph(cursor, child);
      cursor = next;
    } else if (same && isAlike(same, child)) {
      present.insertBefore(same, cursor);
      morph(same, child);
    } else {
      present.insertBefore(child, cursor);
    }
  }
  while (cursor) drop();
}

/** Make `present` look like `wanted`, keeping every node that is alike (same tag, same `data-key`) where it is. */
export function morph(present, wanted) {
  if (!isAlike(present, wanted)) {
    present.replaceWith(wanted);
  } else if (present.nodeType === Node.ELEMENT_NODE) {
    takeAttributes(present, wanted);
    takeChildren(present, wanted);
  } else if (present.nodeValue !== wanted.nodeValue) {
    present.nodeValue = wanted.nodeValue;
  }
}
