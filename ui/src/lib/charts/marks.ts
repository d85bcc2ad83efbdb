/** Finding the mark under the pointer. */
import type { Mark } from '$lib/bindings/Mark';

const REACH = 28;

/** The nearest mark within reach, in pixels of the view box. */
export function nearestMark(marks: Mark[], x: number, y: number): number {
  let best = -1;
  let least = REACH * REACH;
  marks.forEach((mark, index) => {
    const distance = (mark.x - x) ** 2 + (mark.y - y) ** 2;
    if (distance < least) [best, least] = [index, distance];
  });
  return best;
}
