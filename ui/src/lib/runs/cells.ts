/** What a cell of the heat map shows. A mark repeats what the colour says. */
import type { MatrixCell } from '$lib/bindings/MatrixCell';

export type CellTone = 'none' | 'pass' | 'fail' | 'mixed' | 'unusable';

export function cellTone(cell: MatrixCell | undefined): CellTone {
  if (!cell || cell.done === 0) return 'none';
  if (cell.passes + cell.fails === 0) return 'unusable';
  if (cell.fails === 0) return 'pass';
  return cell.passes === 0 ? 'fail' : 'mixed';
}

/** Nothing for a lone pass; otherwise the passes, or a sign. */
export function cellMark(cell: MatrixCell | undefined, repetitions: number): string {
  const tone = cellTone(cell);
  if (tone === 'unusable') return '?';
  if (repetitions > 1) return cell && tone !== 'none' ? String(cell.passes) : '';
  return tone === 'fail' ? '×' : '';
}

export function cellLabel(
  id: string,
  variant: string,
  cell: MatrixCell | undefined,
  repetitions: number,
): string {
  const head = `${id}, ${variant}`;
  if (!cell || cell.done === 0) return `${head}: not yet`;
  if (repetitions === 1) {
    const word = { none: 'not yet', pass: 'pass', fail: 'fail', mixed: 'mixed', unusable: 'unusable' }[
      cellTone(cell)
    ];
    return `${head}: ${word}`;
  }
  const unusable = cell.unusable ? `, ${cell.unusable} unusable` : '';
  return `${head}: ${cell.passes} pass, ${cell.fails} fail${unusable}, ${cell.done} of ${repetitions} done`;
}

/** Room for the longest case id: ids of subjects and faults are longer than those of rows. */
export function caseWidth(ids: string[], character: number, least: number): number {
  const longest = Math.max(0, ...ids.map((id) => id.length));
  return Math.round(Math.min(240, Math.max(least, longest * character + 4)));
}
