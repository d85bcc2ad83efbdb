/** Times for people, from ms since 1970. */
const DAY = 86_400_000;

/** `just now`, `5 min ago`, `14:05`, `yesterday 14:05`, `12 Mar 14:05`. */
export function when(at: number, now: number): string {
  const age = now - at;
  if (age < 60_000) return 'just now';
  if (age < 3_600_000) return `${Math.floor(age / 60_000)} min ago`;
  const day = startOfDay(now);
  if (at >= day) return clock(at);
  if (at >= day - DAY) return `yesterday ${clock(at)}`;
  const date = new Date(at);
  const month = date.toLocaleString('en-GB', { month: 'short' });
  const year = date.getFullYear() === new Date(now).getFullYear() ? '' : ` ${date.getFullYear()}`;
  return `${date.getDate()} ${month}${year} ${clock(at)}`;
}

/** `14:05`. */
export function clock(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}

/** `14:05:09`. */
export function exactClock(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB');
}

/** The whole date and time, for tooltips. */
export function exactly(at: number): string {
  return new Date(at).toLocaleString('en-GB', { dateStyle: 'long', timeStyle: 'medium' });
}

function startOfDay(at: number): number {
  const date = new Date(at);
  date.setHours(0, 0, 0, 0);
  return date.getTime();
}
