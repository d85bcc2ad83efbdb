/** One fault trial of the fake backend in full. */
import type { AuditEntry } from '$lib/bindings/AuditEntry';
import type { Clocks } from '$lib/bindings/Clocks';
import type { ClusterState } from '$lib/bindings/ClusterState';
import type { FaultDetail } from '$lib/bindings/FaultDetail';
import type { OracleVerdict } from '$lib/bindings/OracleVerdict';
import type { PlannedFault } from '$lib/bindings/PlannedFault';
import type { Ticket } from '$lib/bindings/Ticket';
import type { TrialDetail } from '$lib/bindings/TrialDetail';
import type { TrialRow } from '$lib/bindings/TrialRow';
import { auditOf } from './fault-audit';
import { courseOf, FAULTS, type Course } from './fault-run';
import { sampleOf } from './health';
import { plannedOf } from './lab';
import { timelineOf } from './timeline';

const LIMIT_S = 15;
const NODE = 'n2';
const at = (landed: number, seconds: number | null) =>
  seconds === null ? null : Math.round(landed + seconds * 1000);

function clocksOf(landed: number, course: Course): Clocks {
  const ended = (course.restored ?? LIMIT_S) + 3;
  const lost = course.outcome === 'void';
  return {
    boot_at: landed - 6200,
    healthy_at: landed - 3100,
    inject_begin_at: landed - 90,
    landed_at: lost ? null : landed,
    onset_at: lost ? null : at(landed, course.onset),
    ticket_at: lost ? null : at(landed, course.ticket),
    agent_at: lost ? null : at(landed, course.agent),
    resolved_at: lost ? null : at(landed, course.claim),
    restored_at: at(landed, course.restored),
    verdict_at: lost ? null : at(landed, ended),
    reverted_at: at(landed, ended + 0.4),
  };
}

function verdictOf(course: Course, kind: string): OracleVerdict {
  if (course.restored !== null)
    return {
      service: {
        state: 'pass',
        reason: '24 of 24 writes and reads through each node, the slowest 6.1 ms of 100 ms',
      },
      redundancy: { state: 'pass', reason: '3 of 3 members healthy in term 4, the slowest 2 entries behind' },
      integrity: { state: 'pass', reason: 'all 412 acknowledged writes are there, in order' },
      cause: { state: 'pass', reason: 'the fault is gone; members, settings and records are as before' },
    };
  return {
    service: { state: 'fail', reason: `writes and reads through ${NODE} failed 12 of 12 times` },
    redundancy: { state: 'fail', reason: `2 of 3 members healthy: ${NODE} does not answer` },
    integrity: {
      state: 'unknown',
      reason: `${NODE} could not be asked for its records: timed out after 1 s`,
    },
    cause: { state: 'fail', reason: `the fault is still in force: ${kind} of ${NODE}` },
  };
}

function stateOf(records: number, term: number, members = ['n1', 'n2', 'n3']): ClusterState {
  return {
    members,
    settings: { version: '0.1.0', election_ms: 600, heartbeat_ms: 100 },
    records,
    raw: { leader: 'n1', term, last_log: records + 3 },
  };
}

function ticketOf(landed: number, course: Course, variant: string): Ticket {
  const opened = at(landed, course.ticket) ?? landed;
  return {
    number: 1,
    key: `service:${NODE}`,
    invariant: 'service_level',
    node: NODE,
    severity: 'critical',
    message: `Writes through ${NODE} fail: no answer within 1 s (3 of 3).`,
    status: course.claim === null ? 'open' : 'resolved',
    held: false,
    occurrences: 9,
    first_seen_at: opened,
    last_seen_at: opened + 6000,
    resolved_at: at(landed, course.claim),
    resolved_by: course.claim === null ? null : 'agent',
    diagnosis: course.claim === null ? null : `${NODE} was out of reach of its peers; it answers again.`,
    variant: course.agent === null ? null : variant,
    metrics: { failed: 3, of: 3, latency_ms: 1000 },
  };
}

function samplesOf(landed: number, course: Course, planned: PlannedFault): FaultDetail['samples'] {
  const end = (course.restored ?? LIMIT_S) + 3;
  const samples = [];
  for (let second = -3; second < end; second += 0.25) {
    const broken =
      course.outcome !== 'void' && second >= course.onset && second < (course.restored ?? Infinity);
    samples.push(sampleOf(landed + second * 1000, Math.round(second * 4) + 12, broken ? planned : null));
  }
  return samples;
}

export function faultDetail(row: TrialRow): FaultDetail {
  const course = courseOf(row.key);
  const landed = row.ended_at - ((course.restored ?? LIMIT_S) + 4) * 1000;
  const fault = FAULTS[row.key.case] ?? { kind: 'none', target: 'any' };
  const lost = course.outcome === 'void';
  const planned = plannedOf(fault, NODE, fault.kind.startsWith('node') ? 'signal' : 'link proxy');
  const samples = samplesOf(landed, course, planned);
  const audit: AuditEntry[] = lost ? [] : auditOf(row, landed, course, NODE);
  const clocks = clocksOf(landed, course);
  return {
    trial: {
      subject: 'embedded',
      fault,
      planned,
      fault_state: 'reverted',
      mode: course.agent === null ? 'baseline' : 'managed',
      sandbox: course.agent === null ? null : 'bwrap',
      tools: course.agent === null ? [] : ['shell', 'labctl'],
      clocks,
      detect_s: lost ? null : course.ticket - course.onset,
      restore_s: course.restored,
      censored_s: course.restored === null && !lost ? LIMIT_S : null,
      claim_lag_s: course.restored !== null && course.claim !== null ? course.claim - course.restored : null,
      commands: audit.filter((entry) => entry.kind === 'tool_call').length,
      unique_commands: new Set(audit.filter((entry) => entry.kind === 'tool_call').map((e) => e.content))
        .size,
      destructive: course.destructive,
      destructive_effects: course.destructive,
      thrashing: false,
      verdict: lost ? null : verdictOf(course, fault.kind),
      attribution:
        course.restored === null
          ? null
          : row.key.variant === 3
            ? 'targeted'
            : row.key.variant === 2
              ? 'restart'
              : 'self_healed',
      tickets: lost ? [] : [ticketOf(landed, course, row.variant)],
      initial_state: stateOf(388, 3),
      final_state: lost ? null : stateOf(412, 4),
    },
    samples,
    audit,
    timeline: lost ? null : timelineOf(landed, clocks, samples, audit),
  };
}

/** The whole trial. What was sent is in the audit; a trial without an agent sent nothing. */
export function faultTrial(run: number, row: TrialRow): TrialDetail {
  const fault = faultDetail(row);
  const agent = fault.trial.mode !== 'baseline';
  const usage = {
    input_tokens: row.total_tokens === null ? null : row.total_tokens - 60,
    cached_input_tokens: null,
    output_tokens: row.total_tokens === null ? null : 60,
  };
  return {
    run,
    row,
    case: { subject: 'embedded', fault: fault.trial.fault },
    sent: {
      system: agent ? 'You are on call for a small replicated store.' : null,
      user: agent && fault.trial.tickets[0] ? fault.trial.tickets[0].message : '',
    },
    answer: agent && row.outcome !== 'void' ? (fault.trial.tickets[0]?.diagnosis ?? null) : null,
    error: row.outcome === 'void' ? row.preview : null,
    stop_reason: agent ? 'resolved' : null,
    model_answered: agent ? row.variant : null,
    usage,
    wait_ms: 0,
    paced: false,
    started_at: fault.trial.clocks.boot_at ?? row.ended_at,
    ended_at: row.ended_at,
    scores: [],
    attempts: [],
    steps: [],
    fault,
  };
}
