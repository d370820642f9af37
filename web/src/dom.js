// Small tools for what stands on the page.

/** make("p", {className: "note"}, "words", node, ...): an element; attributes with a dash are set as such. */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (/-|^role$/.test(name)) node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children);
  return node;
}

/** The same for SVG, where everything is an attribute. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export const fromBase64 = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));

/** A chance as the course writes it (plots.pictures): 100 %, 81 %, 1.2 %, 0.09 %, < 0.01 %. */
export function percent(chance) {
  const shown = 100 * chance;
  if (chance >= 0.0995 || chance === 0) return `${shown.toFixed(chance < 0.995 ? 0 : 1)}\u00a0%`;
  if (chance < 1e-4) return "<\u00a00.01\u00a0%";
  return `${shown.toFixed(chance >= 0.001 ? 1 : 2)}\u00a0%`;
}
