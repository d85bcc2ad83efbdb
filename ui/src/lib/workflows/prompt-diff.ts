/** A variant's prompt against the node's own, word by word. */
import { presentableDiff } from '@codemirror/merge';

/** Parts that are the same (` `), taken out (`-`) or put in (`+`). */
export function promptDiff(before: string, after: string): [string, string][] {
  const parts: [string, string][] = [];
  const add = (sign: string, text: string) => {
    if (text !== '') parts.push([sign, text]);
  };
  let at = 0;
  for (const change of presentableDiff(before, after)) {
    add(' ', before.slice(at, change.fromA));
    add('-', before.slice(change.fromA, change.toA));
    add('+', after.slice(change.fromB, change.toB));
    at = change.toA;
  }
  add(' ', before.slice(at));
  return parts;
}
