/** A workflow as a graph: what is drawn, and where. */
import { Graph, layout } from '@dagrejs/dagre';
import type { Program } from '$lib/bindings/Program';
import type { Next } from '$lib/bindings/Next';

export const START = 'START';
export const END = 'END';

export interface GraphNode {
  id: string;
  /** It runs once for each item of a list, at the same time. */
  stacked: boolean;
  /** It runs again and again, at most so often. */
  repeats: number | null;
}

export interface GraphEdge {
  from: string;
  to: string;
  kind: 'always' | 'route' | 'default' | 'exit' | 'parallel';
  /** On the line. */
  label: string;
  /** In a sentence, for people who can't see it. */
  sentence: string;
}

export interface WorkflowGraph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

/** Nodes in the file's order between START and END. */
export function graphOf(program: Program): WorkflowGraph {
  const edges = program.edges.flatMap(({ from, next }) => edgesOf(from, next));
  const stacked = new Set(edges.filter((edge) => edge.kind === 'parallel').map((edge) => edge.to));
  const repeats = new Map(
    program.edges.flatMap(({ from, next }) =>
      'loop' in next ? [[from, next.loop.max_iterations] as const] : [],
    ),
  );
  const ids = [START, ...program.nodes.map((node) => node.id), END];
  const nodes = ids.map((id) => ({ id, stacked: stacked.has(id), repeats: repeats.get(id) ?? null }));
  return { nodes, edges: edges.filter((edge) => ids.includes(edge.from) && ids.includes(edge.to)) };
}

function edgesOf(from: string, next: Next): GraphEdge[] {
  if ('to' in next) {
    return [{ from, to: next.to, kind: 'always', label: '', sentence: `${from}, then ${next.to}.` }];
  }
  if ('routes' in next) {
    return next.routes.map(({ condition, to }) =>
      condition === null
        ? { from, to, kind: 'default', label: 'otherwise', sentence: `${from}, otherwise ${to}.` }
        : { from, to, kind: 'route', label: condition, sentence: `${from}, then ${to} when ${condition}.` },
    );
  }
  if ('loop' in next) {
    const { max_iterations, condition_field, exit_to } = next.loop;
    const sentence = `${from} again until ${condition_field} is true, at most ${max_iterations} times; then ${exit_to}.`;
    return [{ from, to: exit_to, kind: 'exit', label: condition_field, sentence }];
  }
  const { items_field, target_node, collect_field } = next.parallel;
  const sentence = `${from}, then ${target_node} once for each item of ${items_field}, collected in ${collect_field}.`;
  return [{ from, to: target_node, kind: 'parallel', label: `each of ${items_field}`, sentence }];
}

export interface Box {
  id: string;
  /** Of the middle. */
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface PlacedNode extends GraphNode, Box {}

export interface PlacedEdge extends GraphEdge {
  path: string;
  /** Where the label's middle is. */
  labelAt: { x: number; y: number } | null;
}

export interface Placed {
  nodes: PlacedNode[];
  edges: PlacedEdge[];
  width: number;
  height: number;
}

const HEIGHT = 46;
const END_SIZE = { width: 56, height: 26 };
/** Room above a node for the arrow that leads back to it. */
const LOOP_ROOM = 36;
const CHARACTER = 6.3;
const LONGEST_LABEL = 24;
const MARGIN = 10;

/** What fits on a line, or into a node of a width. */
export function shortened(label: string, width?: number): string {
  const most = width === undefined ? LONGEST_LABEL : Math.floor((width - 12) / CHARACTER);
  return label.length <= most ? label : `${label.slice(0, most - 1)}…`;
}

/** Layers from left to right. */
export function place({ nodes, edges }: WorkflowGraph): Placed {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: 22, ranksep: 34, edgesep: 14, marginx: MARGIN, marginy: MARGIN });
  for (const node of nodes) {
    const size = sizeOf(node);
    // The room is kept on both sides, so that the node itself stays in the middle.
    graph.setNode(node.id, { ...size, height: size.height + (node.repeats === null ? 0 : 2 * LOOP_ROOM) });
  }
  edges.forEach((edge, index) => {
    const width = shortened(edge.label).length * CHARACTER + (edge.label ? 14 : 0);
    graph.setEdge(edge.from, edge.to, { width, height: edge.label ? 16 : 0, labelpos: 'c' }, String(index));
  });
  layout(graph);
  const placedNodes = nodes.map((node) => {
    const { x, y } = graph.node(node.id) as { x: number; y: number };
    return { ...node, ...sizeOf(node), x, y };
  });
  const placedEdges = edges.map((edge, index) => {
    const line = graph.edge(edge.from, edge.to, String(index)) as unknown as Line;
    const ends = [edge.from, edge.to].map((id) => placedNodes.find((node) => node.id === id));
    return {
      ...edge,
      path: pathOf(joined(line.points, ends[0], ends[1])),
      labelAt: edge.label && line.x !== undefined && line.y !== undefined ? { x: line.x, y: line.y } : null,
    };
  });
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return { nodes: placedNodes, edges: placedEdges, width, height };
}

interface Line {
  points: Point[];
  x?: number;
  y?: number;
}

interface Point {
  x: number;
  y: number;
}

function sizeOf({ id }: GraphNode): { width: number; height: number } {
  if (id === START || id === END) return END_SIZE;
  return { width: Math.min(220, Math.max(128, id.length * 7.2 + 32)), height: HEIGHT };
}

/** The line leaves at the right side of one node and arrives at the left side of the other. */
function joined(points: Point[], from: Box | undefined, to: Box | undefined): Point[] {
  const inner = points.slice(1, -1);
  if (!from || !to) return points;
  const back = to.x <= from.x;
  const start = { x: from.x + (back ? -1 : 1) * (from.width / 2), y: from.y };
  const end = { x: to.x + (back ? 1 : -1) * (to.width / 2), y: to.y };
  return [start, ...inner, end];
}

/** A smooth line through the points; it ends in its last direction. */
export function pathOf(points: Point[]): string {
  const [start, ...rest] = points;
  if (!start) return '';
  const at = ({ x, y }: Point) => `${Math.round(x * 10) / 10},${Math.round(y * 10) / 10}`;
  let path = `M${at(start)}`;
  let from = start;
  for (const to of rest) {
    const middle = (from.x + to.x) / 2;
    path += `C${at({ x: middle, y: from.y })} ${at({ x: middle, y: to.y })} ${at(to)}`;
    from = to;
  }
  return path;
}

/** The arrow from a node back to itself, over its top. */
export function loopPath({ x, y, width, height }: Box): string {
  const [left, right, top] = [x - width / 4, x + width / 4, y - height / 2];
  return `M${right},${top}C${right},${top - LOOP_ROOM} ${left},${top - LOOP_ROOM} ${left},${top}`;
}

/** Where an arrow key leads from a node: the nearest one on that side; itself when there is none. */
export function neighbour(boxes: Box[], id: string, key: string): string {
  const from = boxes.find((box) => box.id === id);
  const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
  if (!from || !way) return id;
  const [dx = 0, dy = 0] = way;
  let best = { id, cost: Infinity };
  for (const box of boxes) {
    const along = (box.x - from.x) * dx + (box.y - from.y) * dy;
    const across = Math.abs((box.x - from.x) * dy) + Math.abs((box.y - from.y) * dx);
    const cost = along + 2 * across;
    if (along > 1 && cost < best.cost) best = { id: box.id, cost };
  }
  return best.id;
}
