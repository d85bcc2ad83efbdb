/** What the fake agents do. */
import type { AuditEntry } from '$lib/bindings/AuditEntry';
import type { CommandClass } from '$lib/bindings/CommandClass';
import type { TrialRow } from '$lib/bindings/TrialRow';
import type { Course } from './fault-run';

interface Act {
  why: string;
  command: string;
  class: CommandClass;
  output: string;
  exit: number;
}

const STATUS = (node: string) =>
  [
    'node  state    role      term  applied  disk',
    ...['n1', 'n2', 'n3'].map((name) =>
      name === node
        ? `${name}    no answer  -         -     -        -`
        : `${name}    up       ${name === 'n1' ? 'leader  ' : 'follower'}  4     431      12 %`,
    ),
  ].join('\n');

const LOGS = (node: string) =>
  Array.from(
    { length: 48 },
    (_, i) =>
      `12:04:${String(i).padStart(2, '0')}.${113 + i * 7} ${node} raft: append to n1 timed out after 200 ms, entry ${380 + i}`,
  ).join('\n');

function actsOf(variant: string, kind: string, node: string): Act[] {
  const restart: Act = {
    why: `The ticket names ${node}. A restart is the quickest repair.`,
    command: `labctl node restart ${node}`,
    class: 'repair',
    output: `${node}: stopped (SIGKILL), started, healthy after 0.8 s`,
    exit: 0,
  };
  const look: Act = {
    why: 'First the state of every node.',
    command: 'labctl status',
    class: 'read',
    output: STATUS(node),
    exit: 0,
  };
  if (variant === 'noop') return [{ ...look, why: 'I look at the ticket and close it.' }];
  if (variant === 'always-restart') {
    const wipe = {
      why: 'It did not help. I begin again with an empty node.',
      command: `rm -rf data/${node} && labctl node start ${node}`,
      class: 'destructive' as const,
      output: `rm: cannot remove 'data/${node}': Permission denied`,
      exit: 1,
    };
    return kind === 'embedded/network_partition' ? [restart, wipe] : [look, restart];
  }
  const network = kind.includes('latency') || kind.includes('partition');
  return [
    look,
    {
      why: `${node} is named in the ticket; its log says why.`,
      command: `labctl node logs ${node} --tail 48`,
      class: 'read',
      output: LOGS(node),
      exit: 0,
    },
    {
      why: 'The links are next.',
      command: 'labctl link list',
      class: 'read',
      output: network ? `${node} → n1  slow or cut\n${node} → n3  slow or cut\nn1 → n3  ok` : 'all links ok',
      exit: 0,
    },
    network
      ? {
          why: 'Two links are bad: the runbook says to clear them.',
          command: `labctl link clear ${node} n1 n3`,
          class: 'repair',
          output: '2 links cleared',
          exit: 0,
        }
      : {
          ...restart,
          command: kind.includes('pause') ? `labctl node cont ${node}` : `labctl node start ${node}`,
          why: 'The runbook says to bring the node back.',
          output: `${node}: healthy after 0.4 s`,
        },
    { ...look, why: 'I check before I close the ticket.', output: STATUS('') },
  ];
}

export function auditOf(row: TrialRow, landed: number, course: Course, node: string): AuditEntry[] {
  if (course.agent === null || course.claim === null) return [];
  const acts = actsOf(row.variant, row.case_id, node);
  const start = landed + course.agent * 1000;
  const step = ((course.claim - course.agent) * 1000) / (acts.length * 3 + 1);
  const entries: AuditEntry[] = [];
  const add = (entry: Partial<AuditEntry> & Pick<AuditEntry, 'kind' | 'summary' | 'content'>) =>
    entries.push({
      number: entries.length + 1,
      at: Math.round(start + step * entries.length),
      tool: null,
      parameters: null,
      exit_code: null,
      class: null,
      ...entry,
    });
  for (const act of acts) {
    add({ kind: 'reasoning', summary: act.why, content: act.why });
    add({
      kind: 'tool_call',
      summary: act.command,
      content: act.command,
      tool: 'shell',
      parameters: { command: act.command, reasoning: act.why },
      class: act.class,
    });
    add({
      kind: 'tool_result',
      summary: act.output.split('\n')[0] ?? '',
      content: act.output,
      tool: 'shell',
      exit_code: act.exit,
    });
  }
  add({ kind: 'note', summary: 'The agent ended: resolved.', content: 'The agent ended: resolved.' });
  return entries;
}
