/** Arithmetic of lists that draw only the rows in sight. All rows have the same height. */
export interface Range {
  first: number;
  /** Just past the last. */
  end: number;
}

export const OVERSCAN = 6;

/** The rows to draw. */
export function visibleRange(
  scrollTop: number,
  height: number,
  rowHeight: number,
  total: number,
  overscan = OVERSCAN,
): Range {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - overscan);
  const end = Math.min(total, Math.ceil((scrollTop + height) / rowHeight) + overscan);
  return { first: Math.min(first, total), end: Math.max(end, 0) };
}

/** The rows of a range in the order of their slots (index modulo capacity), so that slots stay where they are. */
export function recycled({ first, end }: Range, capacity: number): number[] {
  const turn = first - (first % capacity);
  const rows: number[] = [];
  for (let slot = 0; slot < capacity; slot++) {
    const index = turn + slot < first ? turn + slot + capacity : turn + slot;
    if (index < end) rows.push(index);
  }
  return rows;
}

/** Where to scroll so that a row is in sight, moving as little as possible. */
export function scrollToShow(index: number, scrollTop: number, height: number, rowHeight: number): number {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  const bottom = top + rowHeight;
  return bottom > scrollTop + height ? bottom - height : scrollTop;
}

/** The row that a key moves to, or null for another key. */
export function keyTarget(key: string, index: number, total: number, page: number): number | null {
  if (total === 0) return null;
  const to = (wanted: number) => Math.min(total - 1, Math.max(0, wanted));
  switch (key) {
    case 'ArrowDown':
    case 'j':
    case 'J':
      return to(index + 1);
    case 'ArrowUp':
    case 'k':
    case 'K':
      return to(index < 0 ? 0 : index - 1);
    case 'PageDown':
      return to(index + page);
    case 'PageUp':
      return to(index - page);
    case 'Home':
      return 0;
    case 'End':
      return total - 1;
    default:
      return null;
  }
}
