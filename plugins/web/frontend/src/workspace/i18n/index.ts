import { computed, ref } from 'vue';
import { toLanguage, type Language } from '../../shared/format';
import { en } from './en';
import { zh, type Dictionary } from './zh';

export type TextKey = keyof Dictionary;
export const dictionaries: Record<Language, Dictionary> = { 'zh-CN': zh, en };

const STORED = 'qiao:workspace:language';

function remembered(): Language {
  try {
    const stored = localStorage.getItem(STORED);
    if (stored) return toLanguage(stored);
  } catch {
    // Storage may be forbidden; the browser's language decides.
  }
  return toLanguage(navigator.language);
}

export const language = ref<Language>(remembered());
const dictionary = computed(() => dictionaries[language.value]);

export function setLanguage(next: Language): void {
  language.value = next;
  document.documentElement.lang = next;
  try {
    localStorage.setItem(STORED, next);
  } catch {
    // As above.
  }
}

export function t(key: TextKey, values?: Record<string, string | number>): string {
  const text = dictionary.value[key];
  return values ? text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole)) : text;
}
