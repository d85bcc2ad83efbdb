/** Turns the text of a chart into an element: only drawing elements and attributes get through. */
const ELEMENTS = new Set(
  'svg g defs clipPath linearGradient stop pattern title desc text tspan rect circle ellipse line polyline polygon path marker use'.split(
    ' ',
  ),
);

export function safeSvg(text: string): SVGSVGElement | null {
  const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
  const root = parsed.documentElement;
  if (root.localName !== 'svg' || parsed.querySelector('parsererror')) return null;
  clean(root);
  // Importing makes it an element of this document.
  return document.importNode(root, true) as unknown as SVGSVGElement;
}

function clean(element: Element): void {
  for (const { name, value } of [...element.attributes]) {
    const outward = /^(xlink:)?href$/.test(name) && !value.startsWith('#');
    const script = name.startsWith('on') || name === 'style' || /url\((?!\s*['"]?#)/i.test(value);
    if (outward || script) element.removeAttribute(name);
  }
  for (const child of [...element.children]) {
    if (ELEMENTS.has(child.localName)) clean(child);
    else child.remove();
  }
}
