/** The demo shop: shows its goods in two languages and talks to the widget through its public interface only. */

import { toLanguage, type Language } from '../src/shared/format';
import type { QiaoWidget } from '../src/widget/main';
import { products, shopTexts, type ShopTexts } from './texts';

const STORED = 'qiao-fresh:language';
let language: Language = toLanguage(localStorage.getItem(STORED) ?? 'zh-CN');

function widget(): QiaoWidget | undefined {
  return window.qiao;
}

function element(tag: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function drawProducts(texts: ShopTexts): void {
  const grid = document.getElementById('product-grid');
  if (!grid) return;
  grid.replaceChildren(
    ...products.map((product) => {
      const words = product[language];
      const card = element('article', 'product');
      const art = document.createElement('img');
      art.src = `/art/${product.art}.svg`;
      art.alt = words.name;
      art.width = 240;
      art.height = 180;
      const ask = element('button', 'ask', texts.ask) as HTMLButtonElement;
      ask.type = 'button';
      ask.addEventListener('click', () => widget()?.ask(texts.askAbout.replace('{name}', words.name)));
      const price = element('div', 'price', `¥ ${product.price}`);
      price.append(ask);
      card.append(art, element('h3', '', words.name), element('p', 'detail', words.detail), price);
      return card;
    }),
  );
}

function apply(): void {
  const texts = shopTexts[language];
  document.documentElement.lang = language;
  document.title = texts.title;
  for (const node of document.querySelectorAll<HTMLElement>('[data-text]')) {
    node.textContent = texts[node.dataset.text as keyof ShopTexts] ?? '';
  }
  const other = document.getElementById('language');
  if (other) other.textContent = texts.other;
  drawProducts(texts);
  widget()?.setLanguage(language, { title: texts.chatTitle, suggestions: texts.chatSuggestions.split('|') });
}

document.getElementById('language')?.addEventListener('click', () => {
  language = language === 'en' ? 'zh-CN' : 'en';
  localStorage.setItem(STORED, language);
  apply();
});
for (const button of document.querySelectorAll('[data-open-chat]')) button.addEventListener('click', () => widget()?.open());
addEventListener('qiao:ready', apply);
apply();
