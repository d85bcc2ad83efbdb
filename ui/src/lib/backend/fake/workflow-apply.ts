/** Writing a variant's prompt into a node of a workflow file, as far as the sample files need it. */
import type { FieldDifference } from '$lib/bindings/FieldDifference';
import { CURRENT_PROMPT, EVIDENCE_PROMPT } from './workflow-texts';

/** Ids of the nodes, in the file's order. */
export function nodesOf(text: string): string[] {
  return [...text.matchAll(/^ {2}- id: (\w+)/gm)].map(([, id]) => id ?? '');
}

/** The text before, the text after, and what differs. */
export function appliedWorkflow(
  before: string,
  variant: string,
  node: string,
): [string, string, FieldDifference[]] {
  const prompt = variant === 'current' ? CURRENT_PROMPT : EVIDENCE_PROMPT;
  const block = new RegExp(`(^ {2}- id: ${node}\\b.*\\n {4}prompt: \\|\\n)((?: {6}.*\\n)*)`, 'm');
  const old = block.exec(before)?.[2] ?? '';
  const lines = prompt.replace(/^(?=.)/gm, '      ');
  if (old === lines) return [before, before, []];
  const after = before.replace(block, (_, head: string) => `${head}${lines}`);
  return [
    before,
    after,
    [{ field: 'prompt', from: old.replace(/^ {6}/gm, ''), to: prompt, is_prompt: true }],
  ];
}
