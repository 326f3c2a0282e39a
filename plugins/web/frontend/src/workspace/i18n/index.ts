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

type Values = Record<string, string | number>;

function fill(text: string, values?: Values): string {
  return values ? text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole)) : text;
}

export function t(key: TextKey, values?: Values): string {
  return fill(dictionary.value[key], values);
}

export interface Translator<K extends string> {
  (key: K, values?: Values): string;
  /** In a language of its own choice: what a customer reads. */
  in(language: Language, key: K, values?: Values): string;
  readonly dictionaries: Record<Language, Record<K, string>>;
}

/** The texts of one part, loaded with it. */
export function translator<K extends string>(chinese: Record<K, string>, english: Record<NoInfer<K>, string>): Translator<K> {
  const both: Record<Language, Record<K, string>> = { 'zh-CN': chinese, en: english };
  return Object.assign((key: K, values?: Values) => fill(both[language.value][key], values), {
    in: (chosen: Language, key: K, values?: Values) => fill(both[chosen][key], values),
    dictionaries: both,
  });
}
