import { h, icon, replaceChildren } from './dom';
import { fill, type Texts } from './texts';

const STAR = 'M12 3.6l2.6 5.3 5.8.8-4.2 4.1 1 5.8-5.2-2.8-5.2 2.8 1-5.8-4.2-4.1 5.8-.8z';

/** One to five stars and a sentence. */
export class Rating {
  readonly element: HTMLElement;
  private score = 0;

  constructor(private readonly actions: { submit(score: number, comment: string): boolean; dismiss(): void }) {
    this.element = h('form', { class: 'rating', 'data-testid': 'rating', hidden: true });
  }

  show(texts: Texts): void {
    if (!this.element.hidden) return;
    this.score = 0;
    this.draw(texts);
    this.element.hidden = false;
  }

  hide(): void {
    this.element.hidden = true;
  }

  redraw(texts: Texts): void {
    if (!this.element.hidden) this.draw(texts);
  }

  private draw(texts: Texts): void {
    const words = texts.rateWords.split('|');
    const word = h('div', { class: 'word', 'aria-live': 'polite' });
    const submit = h('button', { type: 'submit', class: 'primary', 'data-testid': 'rating-submit', disabled: true }, texts.rateSubmit);
    const comment = h('textarea', { placeholder: texts.rateComment, 'aria-label': texts.rateComment, maxlength: 300, 'data-testid': 'rating-comment' });
    const stars = [1, 2, 3, 4, 5].map((n) =>
      h(
        'button',
        { type: 'button', class: 'star', role: 'radio', 'aria-label': fill(texts.rateStars, { n }), 'data-testid': `rating-star-${n}`, onclick: () => choose(n) },
        icon(STAR),
      ),
    );
    const choose = (n: number) => {
      this.score = n;
      stars.forEach((star, i) => {
        star.classList.toggle('on', i < n);
        star.setAttribute('aria-checked', String(i + 1 === n));
      });
      word.textContent = words[n - 1] ?? '';
      submit.disabled = false;
    };
    const row = h('div', { class: 'stars', role: 'radiogroup', 'aria-label': texts.rateTitle }, ...stars);
    row.addEventListener('keydown', (event) => {
      const step = event.key === 'ArrowRight' || event.key === 'ArrowUp' ? 1 : event.key === 'ArrowLeft' || event.key === 'ArrowDown' ? -1 : 0;
      if (step === 0) return;
      event.preventDefault();
      const n = Math.min(5, Math.max(1, this.score + step));
      choose(n);
      stars[n - 1]?.focus();
    });
    const later = h('button', { type: 'button', onclick: () => this.actions.dismiss() }, texts.rateLater);
    replaceChildren(this.element, h('h2', {}, texts.rateTitle), row, word, comment, h('div', { class: 'actions' }, later, submit));
    this.element.onsubmit = (event) => {
      event.preventDefault();
      if (this.score > 0 && this.actions.submit(this.score, comment.value.trim())) {
        replaceChildren(this.element, h('h2', { role: 'status' }, texts.rateThanks));
        setTimeout(() => this.hide(), 2500);
      }
    };
  }
}
