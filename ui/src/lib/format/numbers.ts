/** Numbers for people. What can't be known is a dash, never 0. */
export const DASH = '—';
const THIN = '\u202f';

function grouped(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `1,204`. */
export function count(value: number | null | undefined): string {
  return value == null ? DASH : grouped(Math.round(value), 0);
}

/** A count, or a mean of small counts: `1,204`, `2.3`. */
export function amount(value: number | null | undefined): string {
  if (value == null || Number.isInteger(value) || Math.abs(value) >= 100) return count(value);
  return grouped(value, 1);
}

/** `3 cases`, `1 case`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A share from 0 to 1 as `92.5 %`. */
export function percent(value: number | null | undefined, digits = 1): string {
  return value == null ? DASH : `${grouped(value * 100, digits)}${THIN}%`;
}

/** Milliseconds as `812 ms`, `1.24 s`, `2 min 5 s`. */
export function duration(ms: number | null | undefined): string {
  if (ms == null) return DASH;
  const size = Math.abs(ms);
  if (size < 10) return `${grouped(ms, size > 0 && size < 1 ? 2 : 1)}${THIN}ms`;
  if (size < 1000) return `${grouped(ms, 0)}${THIN}ms`;
  if (size < 60_000) return `${grouped(ms / 1000, size < 10_000 ? 2 : 1)}${THIN}s`;
  return longDuration(ms / 1000);
}

/** Seconds to a tenth as `12.4 s`; from ten minutes on as `12 min 5 s`. */
export function seconds(value: number | null | undefined): string {
  if (value == null) return DASH;
  return Math.abs(value) < 600 ? `${grouped(value, 1)}${THIN}s` : longDuration(value);
}

/** Seconds as `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function longDuration(seconds: number | null | undefined): string {
  if (seconds == null) return DASH;
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}${THIN}s`;
  if (whole < 3600) return joined([Math.floor(whole / 60), 'min'], [whole % 60, 's']);
  return joined([Math.floor(whole / 3600), 'h'], [Math.floor((whole % 3600) / 60), 'min']);
}

function joined(...parts: [number, string][]): string {
  return parts
    .filter(([value], index) => value > 0 || index === 0)
    .map(([value, unit]) => `${value}${THIN}${unit}`)
    .join(' ');
}

/** USD as `$1.24`, `$0.0031`; an unknown price is a dash. */
export function dollars(value: number | null | undefined): string {
  if (value == null) return DASH;
  if (value === 0) return '$0';
  const size = Math.abs(value);
  const digits = size >= 1 ? 2 : size >= 0.01 ? 3 : size >= 0.0001 ? 5 : 7;
  return `${value < 0 ? '−' : ''}$${grouped(size, digits)}`;
}

/** A score from 0 to 1 as `0.83`. */
export function score(value: number | null | undefined): string {
  return value == null ? DASH : grouped(value, 2);
}

/** `p < 0.001`, `p = 0.031`. */
export function pValue(value: number | null | undefined): string {
  if (value == null) return DASH;
  return value < 0.001 ? 'p < 0.001' : `p = ${grouped(value, 3)}`;
}

/** Bytes as `14 kB`. */
export function bytes(value: number): string {
  if (value < 1000) return `${value}${THIN}B`;
  if (value < 1_000_000) return `${grouped(value / 1000, value < 10_000 ? 1 : 0)}${THIN}kB`;
  return `${grouped(value / 1_000_000, 1)}${THIN}MB`;
}

/** About how many tokens a text has, until the provider counts them: characters ÷ 4. */
export function roughTokens(text: string): number {
  return Math.ceil([...text].length / 4);
}

/** `+3.1`, `−2.0`: a sign that lines up. */
export function signed(text: string, value: number): string {
  if (value > 0) return `+${text}`;
  return value < 0 ? `−${text.replace(/^[-−]/, '')}` : text;
}
