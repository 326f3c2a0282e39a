/** Cuts a text into plain pieces and web addresses. Only http and https become links; everything stays text until then. */

export type TextPart = { text: string; href?: string };

// Ends before white space, quotes, brackets, CJK punctuation and CJK letters: addresses stand inside Chinese sentences.
const ADDRESS = /https?:\/\/[^\s<>"'`{}|\\^\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+/gi;
const TRAILING = /[.,;:!?)\]]+$/;

export function linkify(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    let address = match[0];
    const trailing = TRAILING.exec(address)?.[0] ?? '';
    // A closing bracket belongs to the address when it was opened inside it.
    if (trailing && !(trailing.startsWith(')') && address.includes('('))) address = address.slice(0, -trailing.length);
    const href = webAddress(address);
    if (!href) continue;
    const start = match.index ?? 0;
    if (start > end) parts.push({ text: text.slice(end, start) });
    parts.push({ text: address, href });
    end = start + address.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}

/** The address when it is http or https, otherwise "". With `base`, addresses relative to it count too. */
export function webAddress(address: string, base?: string): string {
  try {
    const url = new URL(address, base);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : '';
  } catch {
    return '';
  }
}
