/** The list of messages: draws what changed, keeps the reader's place, follows the end when the reader is there. */

import { clock, day, fileSize, sameDay, type Language } from '../shared/format';
import { linkify, webAddress } from '../shared/linkify';
import type { Attachment, Button } from '../shared/protocol';
import type { ChatMessage } from '../../../../../sdk/app/js/src/chat-client';
import { h, icon, icons, replaceChildren, type Child } from './dom';
import type { Texts } from './texts';

export interface MessageListActions {
  press(button: Button): void;
  retry(key: string): void;
  discard(key: string): void;
  openPicture(message: ChatMessage, attachment: Attachment): void;
  openFile(message: ChatMessage, attachment: Attachment): void;
  urlOf(attachment: Attachment): string;
}

export interface MessageListView {
  messages: ChatMessage[];
  greeting: string;
  /** Own messages up to here have been read by the agent. */
  readByAgent: number;
  language: Language;
  texts: Texts;
}

interface Drawn {
  signature: string;
  element: HTMLElement;
}

export class MessageList {
  readonly element: HTMLElement;
  private drawn = new Map<string, Drawn>();
  private following = true;

  constructor(private readonly actions: MessageListActions) {
    this.element = h('div', { class: 'list', role: 'log', tabindex: '0', onscroll: () => (this.following = this.atEnd) });
  }

  get atEnd(): boolean {
    return this.element.scrollHeight - this.element.scrollTop - this.element.clientHeight < 60;
  }

  scrollToEnd(): void {
    this.following = true;
    this.element.scrollTop = this.element.scrollHeight;
  }

  /** After something else in the panel took or gave room: whoever was at the end stays there. */
  settle(): void {
    if (this.following) this.scrollToEnd();
  }

  draw(view: MessageListView, follow: boolean): void {
    const stay = follow || this.following;
    this.element.setAttribute('aria-label', view.texts.messages);
    const next = new Map<string, Drawn>();
    const elements: HTMLElement[] = [];
    const put = (key: string, signature: string, make: () => HTMLElement) => {
      const old = this.drawn.get(key);
      const drawn = old && old.signature === signature ? old : { signature, element: make() };
      next.set(key, drawn);
      elements.push(drawn.element);
    };

    if (view.greeting) put('greeting', view.greeting, () => this.greeting(view));
    let previous: ChatMessage | undefined;
    const last = view.messages[view.messages.length - 1];
    for (const message of view.messages) {
      if (!previous || !sameDay(previous.at, message.at)) {
        const label = day(message.at, view.language);
        put(`day:${message.at.slice(0, 10)}:${label}`, label, () => h('div', { class: 'day' }, label));
      }
      const named = !previous || previous.author !== message.author || previous.name !== message.name || !sameDay(previous.at, message.at);
      const read = message.author === 'customer' && message.seq > 0 && message.seq <= view.readByAgent;
      // Urls are part of it so that fresh addresses are taken over; choices are offered under the last message only.
      const signature = JSON.stringify([message, named, read, message === last, view.language]);
      put(message.key, signature, () => this.message(message, { named, read, last: message === last }, view));
      previous = message;
    }
    this.place(elements);
    this.drawn = next;
    if (stay) this.scrollToEnd();
  }

  private place(elements: HTMLElement[]): void {
    const keep = new Set(elements);
    for (const child of [...this.element.children]) if (!keep.has(child as HTMLElement)) child.remove();
    let cursor = this.element.firstElementChild;
    for (const element of elements) {
      if (element === cursor) cursor = cursor.nextElementSibling;
      else this.element.insertBefore(element, cursor);
    }
  }

  private greeting(view: MessageListView): HTMLElement {
    return h(
      'div',
      { class: 'row bot' },
      h('div', { class: 'meta' }, h('span', { class: 'tag' }, view.texts.bot)),
      h('div', { class: 'bubble' }, view.greeting),
    );
  }

  private message(message: ChatMessage, is: { named: boolean; read: boolean; last: boolean }, view: MessageListView): HTMLElement {
    const attributes = {
      'data-testid': 'message',
      'data-author': message.author,
      'data-seq': message.seq || '',
      'data-status': is.read ? 'read' : message.status,
    };
    if (message.author === 'system') return h('div', { class: 'system', ...attributes }, message.text);

    const row = h('div', { class: `row ${message.author} ${message.status}`, ...attributes });
    if (message.author !== 'customer' && is.named) row.appendChild(this.meta(message, view));
    if (message.text) row.appendChild(h('div', { class: 'bubble' }, ...textNodes(message.text)));
    if (message.attachments.length > 0) row.appendChild(this.files(message, view.texts));
    if (is.last && message.buttons.length > 0) row.appendChild(this.choices(message.buttons));
    if (message.author === 'customer') row.appendChild(this.status(message, is.read, view));
    return row;
  }

  private meta(message: ChatMessage, view: MessageListView): HTMLElement {
    const name = message.name || (message.author === 'bot' ? view.texts.bot : '');
    return h(
      'div',
      { class: 'meta' },
      name && h('span', {}, name),
      message.author === 'bot' && message.name && h('span', { class: 'tag' }, view.texts.bot),
      h('time', { datetime: message.at }, clock(message.at, view.language)),
    );
  }

  private status(message: ChatMessage, read: boolean, view: MessageListView): HTMLElement {
    const { texts } = view;
    const line = h('div', { class: `status ${message.status}` });
    if (message.status === 'failed') {
      replaceChildren(
        line,
        h('span', {}, message.reason ? `${texts.failed}: ${message.reason}` : texts.failed),
        h('button', { type: 'button', onclick: () => this.actions.retry(message.key) }, texts.retry),
        h('button', { type: 'button', onclick: () => this.actions.discard(message.key) }, texts.discard),
      );
      return line;
    }
    const state = message.status === 'sending' ? texts.sending : read ? texts.read : texts.sent;
    replaceChildren(line, h('time', { datetime: message.at }, clock(message.at, view.language)), h('span', {}, state));
    return line;
  }

  private choices(buttons: Button[]): HTMLElement {
    const children: Child[] = buttons.map((button) => {
      const href = button.url ? webAddress(button.url, location.href) : '';
      // A place on this very site opens here, so that the chat stays in sight.
      const here = href.startsWith(`${location.origin}/`);
      if (href) return h('a', { href, target: here ? '_self' : '_blank', rel: 'noopener noreferrer' }, button.label);
      return h('button', { type: 'button', 'data-testid': 'choice', onclick: () => this.actions.press(button) }, button.label);
    });
    return h('div', { class: 'choices' }, ...children);
  }

  private files(message: ChatMessage, texts: Texts): HTMLElement {
    const box = h('div', { class: 'files' });
    for (const attachment of message.attachments) {
      const url = this.actions.urlOf(attachment);
      if (attachment.media_type.startsWith('image/') && url) {
        const image = h('img', { src: url, alt: attachment.name, loading: 'lazy', onload: () => this.following && this.scrollToEnd() });
        const open = () => this.actions.openPicture(message, attachment);
        box.appendChild(
          h('button', { type: 'button', class: 'picture', title: texts.viewPicture, 'aria-label': `${texts.viewPicture}: ${attachment.name}`, onclick: open }, image),
        );
      } else {
        const open = () => this.actions.openFile(message, attachment);
        const words = h('span', {}, h('b', {}, attachment.name), h('small', {}, fileSize(attachment.size)));
        box.appendChild(h('button', { type: 'button', class: 'file', onclick: open }, icon(...icons.file), words));
      }
    }
    return box;
  }
}

export function textNodes(text: string): Child[] {
  return linkify(text).map((part) =>
    part.href ? h('a', { href: part.href, target: '_blank', rel: 'noopener noreferrer' }, part.text) : part.text,
  );
}
