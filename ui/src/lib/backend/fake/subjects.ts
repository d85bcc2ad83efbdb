/** Subjects of the fake backend: one that is ready, one without Docker, one without its images. */
import type { FaultKind } from '$lib/bindings/FaultKind';
import type { FaultOffer } from '$lib/bindings/FaultOffer';
import type { Requirement } from '$lib/bindings/Requirement';
import type { Subject } from '$lib/bindings/Subject';
import type { SubjectRow } from '$lib/bindings/SubjectRow';
import { check, nameOf, topList, topValue, type FakeFiles } from './files';

const NO_DOCKER =
  'Error in the hyper legacy client: client error (Connect): No such file or directory (os error 2)\n/var/run/docker.sock is not there. Start the Docker engine, or set DOCKER_HOST.';

const REQUIREMENTS: Record<string, Requirement[]> = {
  embedded: [
    { name: 'Processes', is_met: true, detail: 'this program can start its own nodes' },
    {
      name: 'Sandbox',
      is_met: true,
      detail: 'bwrap 0.8.0 works; commands run with 64 MB and no other processes',
    },
  ],
  etcd: [{ name: 'Docker engine', is_met: false, detail: NO_DOCKER }],
  tikv: [
    { name: 'Docker engine', is_met: true, detail: '27.3.1, API 1.47, 7.7 GiB, cgroup v2' },
    {
      name: 'image pingcap/pd:v8.5.5',
      is_met: false,
      detail:
        'Error response from daemon: No such image: pingcap/pd:v8.5.5\nLoad it with: docker pull pingcap/pd:v8.5.5',
    },
    {
      name: 'image pingcap/tikv:v8.5.5',
      is_met: false,
      detail:
        'Error response from daemon: No such image: pingcap/tikv:v8.5.5\nLoad it with: docker pull pingcap/tikv:v8.5.5',
    },
  ],
};

const MEANS: Partial<Record<FaultKind, [string, string]>> = {
  node_kill: ['signal', 'docker kill'],
  node_pause: ['signal', 'docker pause'],
  latency: ['link proxy', 'nfqueue'],
  network_partition: ['link proxy', 'iptables'],
  disk_pressure: ['quota of the node', 'tmpfs volume'],
};

function offerOf(kind: FaultKind, subject: string): FaultOffer {
  if (subject === 'etcd') return { kind, mechanism: null, reason: 'the Docker engine can’t be reached' };
  const means = MEANS[kind]?.[subject === 'embedded' ? 0 : 1];
  if (subject === 'tikv' && kind === 'latency')
    return {
      kind,
      mechanism: null,
      reason: 'tc: Error: Specified qdisc kind is unknown; iptables: No chain/target/match by that name',
    };
  return { kind, mechanism: means ?? null, reason: means ? null : 'a TCP proxy can’t lose packets' };
}

const NODES: Record<string, string[]> = {
  embedded: ['n1', 'n2', 'n3'],
  etcd: ['etcd1', 'etcd2', 'etcd3'],
  tikv: ['tikv0', 'tikv1', 'tikv2'],
};

export function subjectOf(name: string, text: string): Subject {
  const docker = topValue(text, 'kind') === 'docker';
  return {
    name,
    description: topValue(text, 'description'),
    kind: docker ? 'docker' : 'embedded',
    probe: (topValue(text, 'probe') ?? 'ledger') as Subject['probe'],
    nodes: (NODES[name] ?? ['n1', 'n2', 'n3']).map((node) => ({
      name: node,
      port: docker ? 2379 : null,
      volume: docker ? '/data' : null,
    })),
    compose: topValue(text, 'compose'),
    services: {},
    tools_image: topValue(text, 'tools_image'),
    disk_mb: 32,
    service_level: { latency_ms: 100, error_rate: 0.05 },
    monitor: { interval_seconds: 1, latency_ms: 100, latency_for_seconds: 2, disk_percent: 70 },
    timing: {
      boot_seconds: 10,
      warm_up_seconds: 3,
      hold_seconds: 3,
      sample_seconds: 0.25,
      land_seconds: 3,
      revert_seconds: 15,
    },
    faults: topList(text, 'faults') as FaultKind[],
  };
}

export function subjectRow(files: FakeFiles, path: string): SubjectRow {
  const name = nameOf(path);
  const { text } = files.read(path);
  const diagnostics = check('subject', text);
  const subject = diagnostics.length ? null : subjectOf(name, text);
  const requirements = REQUIREMENTS[name] ?? REQUIREMENTS['embedded'] ?? [];
  const campaigns = [...files.texts].filter(
    ([file, content]) => file.startsWith('campaigns/') && topList(content, 'subjects').includes(name),
  );
  return {
    name,
    path,
    subject,
    diagnostics,
    is_ready: subject !== null && requirements.every((one) => one.is_met),
    requirements,
    faults: subject ? subject.faults.map((kind) => offerOf(kind, name)) : [],
    campaigns: campaigns.map(([file]) => nameOf(file)),
  };
}
