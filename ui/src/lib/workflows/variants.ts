/** The variants of a workflow's A/B test, and the nodes that they change. */
import type { AbVariant } from '$lib/bindings/AbVariant';
import type { Workflow } from '$lib/bindings/Workflow';

/** The node whose prompt a variant changes: its own, else the first; none with a program of one's own. */
export function nodeOf(workflow: Workflow, variant: AbVariant): string | null {
  return variant.node_id ?? workflow.program.nodes[0]?.id ?? null;
}

/** Variants by the node that they change, with their index (and colour). */
export function testedNodes(workflow: Workflow): Map<string, { name: string; index: number }[]> {
  const tested = new Map<string, { name: string; index: number }[]>();
  (workflow.ab_test?.variants ?? []).forEach((variant, index) => {
    const node = nodeOf(workflow, variant);
    if (node !== null) tested.set(node, [...(tested.get(node) ?? []), { name: variant.name, index }]);
  });
  return tested;
}

/** The index (and colour) of a variant by its name. */
export function colourOf(workflow: Workflow | null, name: string): number | null {
  const index = workflow?.ab_test?.variants.findIndex((variant) => variant.name === name) ?? -1;
  return index < 0 ? null : index;
}

/** A value as a file would write it, on one line. */
export function shortValue(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
