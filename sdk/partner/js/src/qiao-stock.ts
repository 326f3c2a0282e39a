// <qiao-stock sku="A-100"></qiao-stock>: whether something is in stock, live, on any page. See docs/partners.
import { watch, type Level } from './desk';

type State = 'loading' | 'in' | 'low' | 'out' | 'unknown';

const TEXTS: Record<'zh' | 'en', Record<State, string>> = {
  zh: { loading: '正在查询库存…', in: '有货', low: '仅剩 {n}{unit}', out: '暂时缺货', unknown: '库存未知' },
  en: { loading: 'Checking stock…', in: 'In stock', low: 'Only {n}{unit} left', out: 'Out of stock', unknown: 'Stock unknown' },
};
const OLD = { zh: '（{time} 的数据）', en: ' (as of {time})' };

// Each state has a shape of its own, so that nobody has to tell colours apart.
const STYLE = `
:host { display: inline-block; }
:host([hidden]) { display: none; }
[part=base] { display: inline-flex; align-items: baseline; gap: 0.4em; color: var(--qiao-stock-color, inherit); font: var(--qiao-stock-font, inherit); }
[part=mark] { flex: none; box-sizing: border-box; width: 0.65em; height: 0.65em; border-radius: 50%; border: 0.14em solid var(--c); background: var(--c); }
[part=age] { opacity: 0.75; font-size: 0.85em; }
[part=age]:empty { display: none; }
:host { --c: var(--qiao-stock-unknown, #767676); }
:host([state=in]) { --c: var(--qiao-stock-in, #1a7f37); }
:host([state=low]) { --c: var(--qiao-stock-low, #9a6700); }
:host([state=out]) { --c: var(--qiao-stock-out, #cf222e); }
:host([state=low]) [part=mark] { background: linear-gradient(to top, var(--c) 50%, transparent 50%); }
:host([state=out]) [part=mark] { background: none; }
:host(:not([state=in]):not([state=low]):not([state=out])) [part=mark] { background: none; border-style: dotted; }
@media (forced-colors: active) { [part=mark] { --c: CanvasText; forced-color-adjust: none; } }
`;

// The tag that loaded this file may name the key and the hub for all elements of the page.
const script = document.currentScript as HTMLScriptElement | null;
const defaultHub = script?.dataset.hub ?? (script?.src ? new URL(script.src).origin : '');
const defaultKey = script?.dataset.key ?? '';

let sheet: CSSStyleSheet | undefined;

class QiaoStock extends HTMLElement {
  static readonly observedAttributes = ['sku', 'warehouse', 'key', 'hub', 'low', 'amount', 'lang', 'text-in', 'text-low',
    'text-out', 'text-unknown'];
  private readonly text = document.createElement('span');
  private readonly age = document.createElement('span');
  private stop: (() => void) | undefined;
  private watched = '';
  private level: Level | undefined;
  private settled = false;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    const base = document.createElement('span');
    const mark = document.createElement('span');
    for (const [element, part] of [[base, 'base'], [mark, 'mark'], [this.text, 'text'], [this.age, 'age']] as const)
      element.setAttribute('part', part);
    mark.setAttribute('aria-hidden', 'true');
    base.setAttribute('role', 'status');
    base.setAttribute('aria-live', 'polite');
    base.append(mark, this.text, this.age);
    if ('adoptedStyleSheets' in root) {
      if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
    } else {
      const style = document.createElement('style');
      style.textContent = STYLE;
      (root as ShadowRoot).append(style);
    }
    root.append(base);
  }

  connectedCallback(): void {
    this.subscribe();
    this.render();
  }

  disconnectedCallback(): void {
    this.unsubscribe();
  }

  attributeChangedCallback(): void {
    if (!this.isConnected) return;
    this.subscribe();
    this.render();
  }

  private get(name: string): string {
    return this.getAttribute(name)?.trim() ?? '';
  }

  private unsubscribe(): void {
    this.stop?.();
    this.stop = undefined;
    this.watched = '';
    this.level = undefined;
    this.settled = false;
  }

  private subscribe(): void {
    const hub = (this.get('hub') || defaultHub).replace(/\/+$/, '');
    const key = this.get('key') || defaultKey;
    const sku = this.get('sku');
    const warehouse = this.get('warehouse');
    const wanted = [hub, key, sku, warehouse].join('\n');
    if (wanted === this.watched) return;
    this.unsubscribe();
    this.watched = wanted;
    if (!/^https?:\/\//.test(hub) || !key || !sku) return this.settle(undefined, 'incomplete');
    this.stop = watch(hub, key, sku, warehouse, (level, error) => this.settle(level, error));
  }

  private settle(level: Level | undefined, error?: string): void {
    this.level = level;
    this.settled = true;
    // Quiet for visitors; whoever builds the page finds it in the inspector.
    if (error) this.setAttribute('error', error);
    else this.removeAttribute('error');
    this.render();
    this.dispatchEvent(new CustomEvent('qiao-stock', { bubbles: true, composed: true, detail: { state: this.state, level, error } }));
  }

  /** in, low, out, unknown, or loading until the first answer. */
  get state(): State {
    if (!this.settled) return 'loading';
    const level = this.level;
    if (!level) return 'unknown';
    const low = Number(this.getAttribute('low') ?? 5);
    return level.available <= 0 ? 'out' : level.available <= low ? 'low' : 'in';
  }

  private render(): void {
    const language = this.language();
    const zh = language.startsWith('zh');
    const state = this.state;
    const level = this.level;
    const amount = level ? new Intl.NumberFormat(language).format(level.available) : '';
    const unit = level?.unit ? (zh ? ` ${level.unit}` : '') : zh ? ' 件' : '';
    let text = this.get(`text-${state}`) || TEXTS[zh ? 'zh' : 'en'][state];
    if (state === 'in' && this.hasAttribute('amount') && !this.get('text-in')) text += zh ? '（{n}）' : ' ({n})';
    put(this.text, text.replace('{n}', amount).replace('{unit}', unit));
    const time = level?.stale ? new Date(level.as_of).toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit' }) : '';
    put(this.age, time && OLD[zh ? 'zh' : 'en'].replace('{time}', time));
    if (this.getAttribute('state') !== state) this.setAttribute('state', state);
    this.toggleAttribute('stale', !!level?.stale);
  }

  private language(): string {
    const language = this.lang || this.closest<HTMLElement>('[lang]')?.lang || navigator.language || 'en';
    try {
      return Intl.getCanonicalLocales(language)[0] ?? 'en';
    } catch {
      return 'en';
    }
  }
}

/** Writes only what changed, so that a screen reader is told of changes alone. */
function put(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

if (!customElements.get('qiao-stock')) customElements.define('qiao-stock', QiaoStock);
