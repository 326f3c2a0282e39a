/** Elements without markup strings: data can only ever become text. */

type Attributes = Record<string, string | number | boolean | null | undefined | ((event: never) => void)>;
export type Child = Node | string | null | undefined | false;

export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value as EventListener);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

export function append(parent: Node, children: Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    parent.appendChild(typeof child === 'string' ? document.createTextNode(child) : child);
  }
}

export function replaceChildren(parent: Element, ...children: Child[]): void {
  while (parent.firstChild) parent.removeChild(parent.firstChild);
  append(parent, children);
}

const SVG = 'http://www.w3.org/2000/svg';

/** A stroked 24 × 24 icon from path data. */
export function icon(...paths: string[]): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  for (const d of paths) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    svg.appendChild(path);
  }
  return svg;
}

export const icons = {
  chat: ['M4 5.5h16v11H11l-4.5 3.8V16.5H4z', 'M8.2 10h7.6M8.2 13h4.8'],
  close: ['M6 6l12 12M18 6L6 18'],
  down: ['M6 9.5l6 6 6-6'],
  send: ['M12 19V5.5M6 11l6-6 6 6'],
  attach: ['M19.5 11.5l-7.8 7.8a4.7 4.7 0 0 1-6.7-6.7l8.2-8.2a3.1 3.1 0 0 1 4.4 4.4l-8.1 8.2a1.6 1.6 0 0 1-2.3-2.3l7.3-7.3'],
  person: ['M12 12.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8z', 'M4.5 20c.8-3.6 3.8-5.5 7.5-5.5s6.7 1.9 7.5 5.5'],
  file: ['M7 3.5h7l4.5 4.5v12.5h-11.5z', 'M14 3.5V8h4.5'],
  sound: ['M4.5 9.5v5h3.5l4.5 4v-13l-4.5 4z', 'M16 9a4.2 4.2 0 0 1 0 6'],
  mute: ['M4.5 9.5v5h3.5l4.5 4v-13l-4.5 4z', 'M16.5 9.8l4.4 4.4M20.9 9.8l-4.4 4.4'],
  bridge: ['M3 17.5c2.2-6.8 5.4-10 9-10s6.8 3.2 9 10', 'M3 17.5h18M8 17.5v-7.2M12 17.5v-10M16 17.5v-7.2'],
};
