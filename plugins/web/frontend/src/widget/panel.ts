/** The chat window inside the shadow root: wires the client to what the customer sees. */

import { duration, type Language } from '../shared/format';
import type { Attachment, Button } from '../shared/protocol';
import { UploadError } from '../../../../../sdk/app/js/src/upload';
import type { ChatClient, ChatMessage } from '../../../../../sdk/app/js/src/chat-client';
import { h, icon, icons, replaceChildren } from './dom';
import { MessageList } from './message-list';
import { Rating } from './rating';
import { fill, texts as allTexts, type Texts } from './texts';

const MAX_UPLOAD = 10 * 1024 * 1024;
/** Signed addresses last five minutes. */
const URL_FRESH_MS = 4 * 60_000;

export interface PanelOptions {
  language: Language;
  title: string;
  greeting: string;
  suggestions: string[];
}

export class Panel {
  readonly element: HTMLElement;
  readonly launcher: HTMLButtonElement;
  private open = false;
  private sound = false;
  private texts: Texts;
  private readonly list: MessageList;
  private readonly rating: Rating;
  private readonly panel: HTMLElement;
  private readonly badge = h('span', { class: 'badge', hidden: true, 'aria-hidden': 'true' });
  private readonly title = h('div', { class: 'title' });
  private readonly subtitle = h('div', { class: 'sub', role: 'status' });
  private readonly bar = h('div', { class: 'bar', 'data-testid': 'state-bar', role: 'status', hidden: true });
  private readonly typingLine = h('div', { class: 'typing', hidden: true });
  private readonly suggestions = h('div', { class: 'suggestions' });
  private readonly uploads = h('div', { class: 'uploads' });
  private readonly live = h('div', { class: 'sr', 'aria-live': 'polite', role: 'status' });
  private readonly drop = h('div', { class: 'drop', hidden: true });
  private readonly input = h('textarea', { rows: '1', maxlength: '2700', 'data-testid': 'input', enterkeyhint: 'send' });
  private readonly sendButton = h('button', { type: 'button', class: 'tool send', 'data-testid': 'send' }, icon(...icons.send));
  private readonly attachButton = h('button', { type: 'button', class: 'tool' }, icon(...icons.attach));
  private readonly fileInput = h('input', { type: 'file', multiple: true, hidden: true, 'data-testid': 'upload', tabindex: '-1' });
  private readonly soundButton = h('button', { type: 'button', class: 'tool' });
  private readonly closeButton = h('button', { type: 'button', class: 'tool', 'data-testid': 'close' }, icon(...icons.down));
  private audio: AudioContext | null = null;
  private drawPending = false;
  private readonly receivedAt = new Map<string, number>();

  constructor(
    private readonly client: ChatClient,
    private options: PanelOptions,
  ) {
    this.texts = allTexts[options.language];
    this.list = new MessageList({
      press: (button) => this.press(button),
      retry: (key) => client.retry(key),
      discard: (key) => client.discard(key),
      openPicture: (message, attachment) => void this.openPicture(message, attachment),
      openFile: (message, attachment) => void this.openFile(message, attachment),
      urlOf: (attachment) => client.fileUrl(attachment),
    });
    this.rating = new Rating({
      submit: (score, comment) => client.rate(score, comment),
      dismiss: () => {
        client.closeRating();
        this.rating.hide();
      },
    });
    this.launcher = h('button', { type: 'button', class: 'launcher', 'data-testid': 'launcher' }, icon(...icons.chat), this.badge);
    this.panel = this.build();
    this.element = h('div', {}, this.panel, this.launcher);
    this.listen();
    this.applyTexts();
  }

  show(): void {
    if (this.open) return;
    this.open = true;
    this.panel.hidden = false;
    replaceChildren(this.launcher, icon(...icons.down), this.badge);
    this.client.start();
    this.draw(true);
    this.list.scrollToEnd();
    this.input.focus();
  }

  hide(): void {
    if (!this.open) return;
    this.open = false;
    this.panel.hidden = true;
    replaceChildren(this.launcher, icon(...icons.chat), this.badge);
    this.launcher.focus();
    this.draw(false);
  }

  /** Puts a question into the input without sending it. */
  suggest(text: string): void {
    this.show();
    this.input.value = text;
    this.inputChanged();
    this.input.focus();
  }

  setLanguage(language: Language, words: Partial<Omit<PanelOptions, 'language'>> = {}): void {
    this.options = { ...this.options, ...words, language };
    this.texts = allTexts[language];
    this.client.language = language;
    this.applyTexts();
    this.draw(false);
  }

  private build(): HTMLElement {
    const head = h(
      'header',
      { class: 'head' },
      h('div', { class: 'mark' }, icon(...icons.bridge)),
      h('div', { class: 'who' }, this.title, this.subtitle),
      this.soundButton,
      this.closeButton,
    );
    const composer = h('div', { class: 'composer' }, this.attachButton, this.input, this.sendButton, this.fileInput);
    const panel = h(
      'section',
      { class: 'panel', 'data-testid': 'panel', role: 'dialog', hidden: true },
      head,
      this.bar,
      this.list.element,
      this.typingLine,
      this.suggestions,
      this.uploads,
      this.rating.element,
      composer,
      this.drop,
      this.live,
    );
    return panel;
  }

  private listen(): void {
    this.launcher.addEventListener('click', () => (this.open ? this.hide() : this.show()));
    this.closeButton.addEventListener('click', () => this.hide());
    this.panel.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.isComposing) this.hide();
      event.stopPropagation(); // the shop's own shortcuts must not fire while somebody types here
    });
    this.soundButton.addEventListener('click', () => this.toggleSound());
    this.sendButton.addEventListener('click', () => this.submit());
    this.attachButton.addEventListener('click', () => this.fileInput.click());
    this.fileInput.addEventListener('change', () => {
      this.uploadAll(this.fileInput.files);
      this.fileInput.value = '';
    });
    this.input.addEventListener('input', () => this.inputChanged());
    this.input.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.submit();
    });
    this.input.addEventListener('paste', (event) => {
      if (event.clipboardData && event.clipboardData.files.length > 0) {
        event.preventDefault();
        this.uploadAll(event.clipboardData.files);
      }
    });
    this.panel.addEventListener('dragover', (event) => {
      event.preventDefault();
      this.drop.hidden = false;
    });
    this.panel.addEventListener('dragleave', (event) => {
      if (!this.panel.contains(event.relatedTarget as Node | null)) this.drop.hidden = true;
    });
    this.panel.addEventListener('drop', (event) => {
      event.preventDefault();
      this.drop.hidden = true;
      this.uploadAll(event.dataTransfer?.files ?? null);
    });
    this.client.onChange((change, message) => {
      if (change === 'arrived' && message) this.arrived(message);
      else this.scheduleDraw();
    });
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState !== 'visible') return;
      this.client.wake();
      this.scheduleDraw();
    });
    addEventListener('online', () => this.client.wake());
    addEventListener('offline', () => this.scheduleDraw());
    addEventListener('storage', (event) => this.client.storageChanged(event.key));
  }

  private applyTexts(): void {
    const t = this.texts;
    this.title.textContent = this.options.title || t.title;
    this.panel.setAttribute('aria-label', this.options.title || t.title);
    this.launcher.setAttribute('aria-label', t.open);
    for (const [button, label] of [
      [this.closeButton, t.close],
      [this.sendButton, t.send],
      [this.attachButton, t.attach],
    ] as const) {
      button.setAttribute('aria-label', label);
      button.title = label;
    }
    this.input.placeholder = t.placeholder;
    this.input.setAttribute('aria-label', t.input);
    this.drop.textContent = t.dropHere;
    this.drawSound();
    this.rating.redraw(t);
    this.inputChanged(false);
  }

  /** Many frames may arrive in one task (history after `welcome`): draw once. */
  private scheduleDraw(): void {
    if (this.drawPending) return;
    this.drawPending = true;
    queueMicrotask(() => {
      this.drawPending = false;
      this.draw(false);
    });
  }

  private draw(follow: boolean): void {
    const { client, texts } = this;
    const messages = client.messages();
    const seen = this.open && document.visibilityState === 'visible';
    if (seen) client.markRead();
    const unread = seen ? 0 : client.unread();
    this.badge.hidden = unread === 0;
    this.badge.textContent = unread > 99 ? '99+' : String(unread);
    this.launcher.setAttribute('aria-label', unread > 0 ? `${texts.open} (${texts.newMessages}: ${unread})` : texts.open);
    if (!this.open) return;

    for (const m of messages) if (m.attachments.some((a) => a.url) && !this.receivedAt.has(m.key)) this.receivedAt.set(m.key, Date.now());
    const complete = client.historyLoaded || client.conversation === '';
    const own = messages[messages.length - 1]?.status === 'sending';
    this.list.draw(
      {
        messages,
        greeting: complete && messages.length < 50 ? this.options.greeting || texts.greeting : '',
        readByAgent: client.readByAgent,
        language: this.options.language,
        texts,
      },
      follow || own,
    );
    this.drawStanding();
    this.drawTyping();
    this.drawSuggestions(messages.length === 0);
    if (client.rateWanted) this.rating.show(texts);
    else if (client.standing.state !== 'resolved') this.rating.hide();
    this.list.settle();
  }

  private drawStanding(): void {
    const { standing, status } = this.client;
    const t = this.texts;
    const queued = standing.state === 'queued';
    const subtitles = {
      bot: t.withBot,
      queued: t.waitingForAgent,
      assigned: standing.agent ? fill(t.withAgent, { name: standing.agent }) : t.waitingForAgent,
      waiting: standing.agent ? fill(t.withAgent, { name: standing.agent }) : t.withBot,
      resolved: t.withBot,
    };
    this.subtitle.textContent = this.client.conversation ? subtitles[standing.state] : t.withBot;

    let text = '';
    if (status === 'refused') text = t.refused;
    else if (!navigator.onLine) text = t.offline;
    else if (status === 'waiting') text = t.reconnecting;
    else if (queued) {
      const place = standing.place === 1 ? t.queueNext : standing.place > 1 ? fill(t.queuePlace, { place: standing.place }) : t.waitingForAgent;
      const estimate = standing.estimateSeconds > 0 ? fill(t.queueEstimate, { time: duration(standing.estimateSeconds, this.options.language) }) : '';
      text = [place, estimate].filter(Boolean).join(this.options.language === 'en' ? ', ' : '，');
    } else if (standing.state === 'resolved') text = t.resolved;
    const kind = status === 'waiting' || status === 'refused' || !navigator.onLine ? 'offline' : queued ? 'queue' : '';
    this.bar.hidden = text === '';
    this.bar.className = `bar ${kind}`;
    this.bar.setAttribute('data-state', standing.state);
    if (this.bar.textContent !== text) this.bar.textContent = text;
  }

  private drawTyping(): void {
    const typing = this.client.typing;
    this.typingLine.hidden = !typing;
    if (!typing) return;
    const words = typing.name ? fill(this.texts.typing, { name: typing.name }) : this.texts.typingBot;
    replaceChildren(this.typingLine, h('span', { class: 'dots' }, h('i'), h('i'), h('i')), words);
  }

  private drawSuggestions(empty: boolean): void {
    const { conversation, standing } = this.client;
    const children: HTMLElement[] = [];
    if (empty) {
      for (const text of this.options.suggestions) {
        children.push(h('button', { type: 'button', 'data-testid': 'suggestion', onclick: () => this.client.send(text) }, text));
      }
    }
    if (!conversation || standing.state === 'bot') {
      const ask = () => this.askForPerson();
      children.push(h('button', { type: 'button', class: 'person', 'data-testid': 'handoff', onclick: ask }, icon(...icons.person), this.texts.handoff));
    }
    const signature = children.map((c) => c.textContent).join('|');
    if (this.suggestions.getAttribute('data-shown') === signature) return;
    this.suggestions.setAttribute('data-shown', signature);
    this.suggestions.hidden = children.length === 0;
    replaceChildren(this.suggestions, ...children);
  }

  private askForPerson(): void {
    // There is no conversation before the first message: say it in words then, the bot understands them.
    if (this.client.conversation) this.client.requestPerson();
    else this.client.send(this.texts.handoff);
  }

  private arrived(message: ChatMessage): void {
    if (message.author === 'customer') return;
    const name = message.name || (message.author === 'bot' ? this.texts.bot : this.texts.system);
    this.live.textContent = this.open ? `${name}: ${message.text}` : this.texts.newMessages;
    if (this.sound && !(this.open && document.visibilityState === 'visible')) this.beep();
  }

  private inputChanged(tell = true): void {
    const empty = this.input.value.trim() === '';
    this.sendButton.disabled = empty;
    // Height by a class of CSSOM: a shop's content security policy may forbid style attributes, not properties.
    this.input.style.height = 'auto';
    this.input.style.height = `${Math.min(this.input.scrollHeight, 120)}px`;
    if (tell) this.client.setTyping(!empty);
  }

  private submit(): void {
    const text = this.input.value.trim();
    if (!text) return;
    this.client.send(text);
    this.input.value = '';
    this.inputChanged(false);
    this.input.focus();
  }

  private press(button: Button): void {
    this.client.send(button.value || button.label);
  }

  private uploadAll(files: FileList | null): void {
    for (const file of Array.from(files ?? [])) void this.upload(file);
  }

  private async upload(file: File): Promise<void> {
    const t = this.texts;
    const progress = h('progress', { max: '1', value: '0' });
    const words = h('span', {}, fill(t.uploading, { name: file.name }));
    const share = h('small', {}, '0 %');
    const row = h('div', { class: 'upload', role: 'status' }, words, share, progress);
    this.uploads.appendChild(row);
    try {
      if (file.size > MAX_UPLOAD) throw new UploadError(413, 'too_large', '');
      const attachment = await this.client.upload(file, (done) => {
        progress.value = done;
        share.textContent = `${Math.round(done * 100)} %`;
      });
      row.remove();
      this.client.send('', [attachment]);
    } catch (error) {
      const { status, code } = error instanceof UploadError ? error : { status: 0, code: '' };
      const why = status === 413 ? t.tooLarge : code === 'web.file_type' ? t.typeRefused : status === 429 ? t.tooMany : t.uploadFailed;
      row.classList.add('failed');
      replaceChildren(row, h('span', {}, `${file.name}: ${why}`));
      setTimeout(() => row.remove(), 6000);
    }
  }

  private async currentUrl(message: ChatMessage, attachment: Attachment): Promise<string> {
    const received = this.receivedAt.get(message.key) ?? 0;
    if (attachment.url && Date.now() - received < URL_FRESH_MS) return this.client.fileUrl(attachment);
    try {
      const url = await this.client.freshUrl(message.seq, attachment.id);
      if (url) this.receivedAt.set(message.key, Date.now());
      return url;
    } catch {
      return '';
    }
  }

  private async openPicture(message: ChatMessage, attachment: Attachment): Promise<void> {
    const url = await this.currentUrl(message, attachment);
    if (!url) return;
    const before = (this.panel.getRootNode() as ShadowRoot).activeElement as HTMLElement | null;
    const close = h('button', { type: 'button', class: 'tool', 'aria-label': this.texts.closePicture }, icon(...icons.close));
    const box = h('div', { class: 'lightbox', role: 'dialog', 'aria-modal': 'true', 'aria-label': attachment.name }, h('img', { src: url, alt: attachment.name }), close);
    const leave = () => {
      box.remove();
      before?.focus();
    };
    box.addEventListener('click', leave);
    box.addEventListener('keydown', (event) => {
      event.stopPropagation();
      if (event.key === 'Escape') leave();
    });
    this.element.appendChild(box);
    close.focus();
  }

  private async openFile(message: ChatMessage, attachment: Attachment): Promise<void> {
    const url = await this.currentUrl(message, attachment);
    if (!url) return;
    // The hub sends files with an attachment disposition, so this downloads and does not leave the page.
    const link = h('a', { href: url, download: attachment.name, target: '_blank', rel: 'noopener noreferrer' });
    link.click();
  }

  private toggleSound(): void {
    this.sound = !this.sound;
    this.drawSound();
    if (this.sound) this.beep();
  }

  private drawSound(): void {
    const label = this.sound ? this.texts.soundOff : this.texts.soundOn;
    this.soundButton.title = label;
    this.soundButton.setAttribute('aria-label', label);
    this.soundButton.setAttribute('aria-pressed', String(this.sound));
    replaceChildren(this.soundButton, icon(...(this.sound ? icons.sound : icons.mute)));
  }

  private beep(): void {
    try {
      this.audio ??= new AudioContext();
      const tone = this.audio.createOscillator();
      const volume = this.audio.createGain();
      tone.frequency.value = 660;
      volume.gain.setValueAtTime(0.08, this.audio.currentTime);
      volume.gain.exponentialRampToValueAtTime(0.0001, this.audio.currentTime + 0.35);
      tone.connect(volume).connect(this.audio.destination);
      tone.start();
      tone.stop(this.audio.currentTime + 0.36);
    } catch {
      // No sound is no reason to fail.
    }
  }
}
