/** A trial's timeline as the Rust side might draw it, for looking at. */
import type { AuditEntry } from '$lib/bindings/AuditEntry';
import type { Clocks } from '$lib/bindings/Clocks';
import type { DrawnTimeline } from '$lib/bindings/DrawnTimeline';
import type { HealthSample } from '$lib/bindings/HealthSample';

const WIDTH = 680;
const HEIGHT = 210;
const INK = '#3a3f46';

export function timelineOf(
  landed: number,
  clocks: Clocks,
  samples: HealthSample[],
  audit: AuditEntry[],
): DrawnTimeline {
  const start = samples[0]?.at ?? landed;
  const end = samples.at(-1)?.at ?? landed + 1;
  const x = (at: number) => (50 + ((at - start) / (end - start)) * (WIDTH - 70)).toFixed(1);
  const health = ['n1', 'n2', 'n3']
    .map((node, row) => {
      const y = 18 + row * 24;
      const bars = samples.map((sample) => {
        const entry = sample.entries.find((one) => one.node === node);
        const ok = entry?.write_ok && entry.read_ok && entry.latency_ms < 100;
        return `<rect x="${x(sample.at)}" y="${y}" width="7" height="16" fill="${ok ? '#9fd3bb' : '#c8472d'}"/>`;
      });
      return `<text x="10" y="${y + 12}" font-size="11" fill="${INK}">${node}</text>${bars.join('')}`;
    })
    .join('');
  const moments: [string, number | null][] = [
    ['fault', clocks.landed_at],
    ['symptom', clocks.onset_at],
    ['ticket', clocks.ticket_at],
    ['resolved', clocks.resolved_at],
    ['restored', clocks.restored_at],
  ];
  const known = moments.filter((moment): moment is [string, number] => moment[1] !== null);
  const marks = known.map(([label, at], index) => {
    const y = 152 + (index % 3) * 15;
    return `<line x1="${x(at)}" x2="${x(at)}" y1="96" y2="${y - 10}" stroke="#8a9099"/><text x="${x(at)}" y="${y}" font-size="11" fill="${INK}" text-anchor="middle">${label}</text>`;
  });
  const commands = audit
    .filter((entry) => entry.kind === 'tool_call')
    .map((entry) => `<circle cx="${x(entry.at)}" cy="112" r="4" fill="#0072b2"/>`);
  const words = known.map(([label, at]) => `${label} at ${((at - landed) / 1000).toFixed(1)} s`).join(', ');
  const description = `Health of n1, n2 and n3 above the moments: ${words}; ${commands.length} commands.`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}"><title>Timeline</title><desc>${description}</desc>${health}<line x1="50" x2="${WIDTH - 20}" y1="112" y2="112" stroke="#dfe1e5"/>${marks.join('')}${commands.join('')}</svg>`;
  return { description, svg, width: WIDTH, height: HEIGHT };
}
