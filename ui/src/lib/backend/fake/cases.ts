/** Realistic tickets, the same at every start. */
export const LABELS = ['storage', 'network', 'database', 'deploy', 'access'] as const;

const SENTENCES: Record<(typeof LABELS)[number], string[]> = {
  storage: [
    'Disk /var is at 97 % on {host} and growing by 2 GB an hour.',
    'Backup job of {host} failed twice: snapshot quota exceeded.',
    'Volume data-4 went read-only on {host} after an I/O error.',
    'Inodes are used up on {host} although the file system is half empty.',
  ],
  network: [
    'Packet loss of 12 % between {host} and the load balancer since 09:40.',
    'DNS answers for the internal zone time out on {host}.',
    'The firewall drops health checks from {host}.',
    'Latency to the other region doubled; the link of {host} flaps.',
  ],
  database: [
    'Replication lag on {host} reached 340 s after the nightly import.',
    'Deadlocks on table orders since the migration; {host} rolls back.',
    'A query without an index keeps {host} at 100 % CPU.',
    'Connections to {host} are used up: too many clients already.',
  ],
  deploy: [
    'Half of the pods restart after image 4.2 was rolled out to {host}.',
    'Rollback of release 118 hangs on {host}: configuration map missing.',
    'Container on {host} cannot be pulled, the tag does not exist.',
    'After the release {host} answers 503 until the cache is warm.',
  ],
  access: [
    'Nobody of the night shift can log in to {host}: certificate expired.',
    'Service account of {host} lost its permission to read secrets.',
    'Token refresh fails on {host} with invalid_grant.',
    'Two-factor codes are rejected on {host}, the clock is 90 s off.',
  ],
};

export interface FakeCase {
  id: string;
  input: string;
  expected: string;
  metadata: { team: string; hard: boolean };
}

export function makeCase(index: number): FakeCase {
  const expected = LABELS[(index * 7 + Math.floor(index / 5)) % 5] ?? 'storage';
  const sentences = SENTENCES[expected];
  const host = `${['db', 'web', 'api', 'cache', 'edge'][index % 5]}-${(index % 17) + 1}`;
  const hard = index % 6 === 0;
  const text = (sentences[index % 4] ?? '').replace('{host}', host);
  return {
    id: `t-${String(index + 1).padStart(3, '0')}`,
    input: hard ? `${text} Could also be the new release, we are not sure.` : text,
    expected,
    metadata: { team: ['core', 'edge', 'data'][index % 3] ?? 'core', hard },
  };
}
