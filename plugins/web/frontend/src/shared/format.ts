/** Times, sizes and waiting times as people read them. */

export type Language = 'zh-CN' | 'en';

export function toLanguage(tag: string | null | undefined): Language {
  return tag && /^zh/i.test(tag) ? 'zh-CN' : 'en';
}

const formats = new Map<string, Intl.DateTimeFormat>();
function format(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language + JSON.stringify(options);
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : 'zh-CN', options);
    formats.set(key, found);
  }
  return found;
}

function dayOf(date: Date): string {
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

export function sameDay(a: string, b: string): boolean {
  return dayOf(new Date(a)) === dayOf(new Date(b));
}

export function clock(time: string, language: Language): string {
  return format(language, { hour: '2-digit', minute: '2-digit', hour12: false }).format(new Date(time));
}

/** "今天", "昨天", "11月22日", "2025年11月22日". */
export function day(time: string, language: Language, now = new Date()): string {
  const date = new Date(time);
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  if (dayOf(date) === dayOf(now)) return language === 'en' ? 'Today' : '今天';
  if (dayOf(date) === dayOf(yesterday)) return language === 'en' ? 'Yesterday' : '昨天';
  const sameYear = date.getFullYear() === now.getFullYear();
  return format(language, { ...(sameYear ? {} : { year: 'numeric' }), month: 'short', day: 'numeric' }).format(date);
}

/** For lists: the clock today, the day before. */
export function shortTime(time: string, language: Language, now = new Date()): string {
  return dayOf(new Date(time)) === dayOf(now) ? clock(time, language) : day(time, language, now);
}

export function fullTime(time: string, language: Language): string {
  return format(language, { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hour12: false }).format(
    new Date(time),
  );
}

/** "不到1分钟", "3分钟", "2小时5分". */
export function duration(seconds: number, language: Language): string {
  const zh = language === 'zh-CN';
  if (seconds < 60) return zh ? '不到1分钟' : 'under a minute';
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return zh ? `${minutes}分钟` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) {
    const days = Math.floor(hours / 24);
    return zh ? `${days}天` : days === 1 ? '1 day' : `${days} days`;
  }
  const rest = minutes % 60;
  if (rest === 0) return zh ? `${hours}小时` : `${hours} h`;
  return zh ? `${hours}小时${rest}分` : `${hours} h ${rest} min`;
}

export function fileSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
