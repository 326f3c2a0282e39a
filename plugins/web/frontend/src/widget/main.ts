/**
 * <script src="https://chat.example.com/widget.js" data-site="demo" data-language="zh-CN" defer></script>
 *
 * Further attributes: data-title, data-greeting, data-suggestions ("退货流程|配送时间"), data-open="true", data-identity.
 * The page may call `qiao.open()`, `qiao.close()`, `qiao.ask(text)`, `qiao.identify(who)`, `qiao.setLanguage(language, words)`.
 */

import { toLanguage } from '../shared/format';
import { safeStorage } from '../../../../../sdk/app/js/src/outbox';
import { ChatClient, type Identity } from '../../../../../sdk/app/js/src/chat-client';
import { Panel } from './panel';
import panelStyle from './panel.css?inline';
import widgetStyle from './widget.css?inline';

export interface QiaoWidget {
  open(): void;
  close(): void;
  /** Opens the chat with this text in the input; the customer decides whether to send it. */
  ask(text: string): void;
  /** Who the visitor is: a text that the site's server signed, or what the visitor said of themselves. */
  identify(identity: Identity): void;
  /** Also changes what the page itself says in the chat. */
  setLanguage(language: string, words?: { title?: string; greeting?: string; suggestions?: string[] }): void;
}

declare global {
  interface Window {
    qiao?: QiaoWidget;
  }
}

const script = (document.currentScript ?? document.querySelector('script[data-site]')) as HTMLScriptElement | null;

function split(list: string | undefined): string[] {
  return (list ?? '')
    .split('|')
    .map((s) => s.trim())
    .filter(Boolean);
}

function begin(): void {
  if (window.qiao) return; // the tag stands on the page twice
  const data = script?.dataset ?? {};
  const language = toLanguage(data.language || document.documentElement.lang || navigator.language);
  const hub = new URL('.', script?.src || location.href).href;
  const client = new ChatClient({
    hub: data.hub || (import.meta.env.DEV ? `${location.origin}/` : hub),
    site: data.site || 'default',
    language,
    page: location.href.slice(0, 1000),
    storage: safeStorage(),
  });
  const panel = new Panel(client, {
    language,
    title: data.title ?? '',
    greeting: data.greeting ?? '',
    suggestions: split(data.suggestions),
  });

  const host = document.createElement('div');
  host.id = 'qiao-widget';
  const root = host.attachShadow({ mode: 'open' });
  // A constructed sheet is allowed where a content security policy forbids <style>.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(widgetStyle + panelStyle);
  root.adoptedStyleSheets = [sheet];
  root.appendChild(panel.element);
  document.body.appendChild(host);

  window.qiao = {
    open: () => panel.show(),
    close: () => panel.hide(),
    ask: (text) => panel.suggest(text),
    identify: (identity) => client.identify(identity),
    setLanguage: (tag, words) => panel.setLanguage(toLanguage(tag), words),
  };
  if (data.identity) client.identify(data.identity);
  if (client.known) client.start();
  if (data.open === 'true') panel.show();
  dispatchEvent(new Event('qiao:ready'));
}

if (document.body) begin();
else addEventListener('DOMContentLoaded', begin);
