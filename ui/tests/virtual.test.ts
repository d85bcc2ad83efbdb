import { describe, expect, it } from 'vitest';
import { PAGE_SIZE, PagedRows } from '$lib/state/paged.svelte';
import { keyTarget, recycled, scrollToShow, visibleRange } from '$lib/state/virtual';

describe('rows in sight', () => {
  it('draws a few more than fit', () => {
    const range = visibleRange(3_000_000 - 600, 600, 30, 100_000);
    expect(range.end).toBe(100_000);
    expect(range.end - range.first).toBeLessThan(40);
  });
  it('draws nothing of an empty list', () =>
    expect(visibleRange(0, 600, 30, 0)).toEqual({ first: 0, end: 0 }));
  it('survives a list that became shorter', () => {
    const { first, end } = visibleRange(9000, 600, 30, 10);
    expect(first).toBeLessThanOrEqual(end);
  });
});

describe('slots', () => {
  it('keep every row of the range once, in its slot', () => {
    expect(recycled({ first: 8, end: 13 }, 5)).toEqual([10, 11, 12, 8, 9]);
    expect(recycled({ first: 0, end: 3 }, 5)).toEqual([0, 1, 2]);
  });
});

describe('scrolling to a row', () => {
  it('does not move for a row in sight', () => expect(scrollToShow(5, 100, 300, 30)).toBe(100));
  it('moves up to a row above', () => expect(scrollToShow(1, 100, 300, 30)).toBe(30));
  it('moves down just enough', () => expect(scrollToShow(20, 100, 300, 30)).toBe(330));
});

describe('keys', () => {
  const cases: [string, number, number | null][] = [
    ['j', 3, 4],
    ['ArrowUp', 3, 2],
    ['k', 0, 0],
    ['End', 3, 9],
    ['Home', 3, 0],
    ['PageDown', 8, 9],
    ['x', 3, null],
    ['ArrowUp', -1, 0],
  ];
  it.each(cases)('%s from %i goes to %s', (key, from, to) => expect(keyTarget(key, from, 10, 5)).toBe(to));
});

describe('pages of a long list', () => {
  const total = 100_000;
  function pages() {
    const asked: number[] = [];
    const rows = new PagedRows<number>(async (offset, limit) => {
      asked.push(offset);
      return { rows: Array.from({ length: limit }, (_, i) => offset + i), total, offset };
    });
    return { rows, asked };
  }

  it('reads only what comes in sight', async () => {
    const { rows, asked } = pages();
    await rows.reset();
    rows.ensure(50_010, 50_040);
    await Promise.resolve();
    await Promise.resolve();
    expect(asked).toEqual([0, 50_000]);
    expect(rows.row(50_020)).toBe(50_020);
    expect(rows.row(70_000)).toBeUndefined();
  });

  it('asks for a page once', async () => {
    const { rows, asked } = pages();
    await rows.reset();
    rows.ensure(PAGE_SIZE, PAGE_SIZE + 20);
    rows.ensure(PAGE_SIZE + 5, PAGE_SIZE + 25);
    expect(asked).toEqual([0, PAGE_SIZE]);
  });

  it('forgets far pages, so that memory stays bounded', async () => {
    const { rows } = pages();
    await rows.reset();
    for (let page = 1; page < 60; page++) {
      rows.ensure(page * PAGE_SIZE, page * PAGE_SIZE + 1);
      await Promise.resolve();
    }
    await Promise.resolve();
    expect(rows.row(0)).toBeUndefined();
    expect(rows.row(59 * PAGE_SIZE)).toBe(59 * PAGE_SIZE);
  });

  it('drops an answer to an older filter', async () => {
    let answer: (page: { rows: string[]; total: number; offset: number }) => void = () => undefined;
    let first = true;
    const rows = new PagedRows<string>(() => {
      if (!first) return Promise.resolve({ rows: ['new'], total: 1, offset: 0 });
      first = false;
      return new Promise((resolve) => (answer = resolve));
    });
    const old = rows.reset();
    await rows.reset();
    answer({ rows: ['old', 'old'], total: 2, offset: 0 });
    await old;
    expect([rows.total, rows.row(0)]).toEqual([1, 'new']);
  });
});
