/** Small charts of the fake backend, in the form in which the Rust side draws them. */
import type { ChartRequest } from '$lib/bindings/ChartRequest';
import type { ChartKind } from '$lib/bindings/ChartKind';
import type { DrawnChart } from '$lib/bindings/DrawnChart';
import type { Mark } from '$lib/bindings/Mark';
import type { VariantSummary } from '$lib/bindings/VariantSummary';
import { sortedLatencies, summaries } from './compare';
import type { FakeRun } from './runs';

const COLOURS = ['#0072b2', '#b97f00', '#009169', '#c0649a', '#d55e00', '#2f93cc', '#8f8500', '#4a4a4a'];
const TITLES: Record<ChartKind, string> = {
  success: 'Success rate',
  latency_ecdf: 'Latency, share of trials at or below',
  latency: 'Latency: mean, p50, p95',
  cost: 'Cost a trial',
  tokens: 'Tokens a trial',
  survival: 'Not restored yet',
};

export function drawCharts(run: FakeRun, request: ChartRequest): DrawnChart[] {
  const chosen = request.compare.variants;
  const list = summaries(run).filter((v) => chosen.length === 0 || chosen.includes(v.name));
  return request.kinds.map((kind) => draw(run, request, kind, list));
}

function draw(run: FakeRun, request: ChartRequest, kind: ChartKind, list: VariantSummary[]): DrawnChart {
  const { width, height, theme } = request;
  const ink = theme === 'dark' ? '#c9ced6' : '#3a3f46';
  const grid = theme === 'dark' ? '#33383f' : '#e2e4e8';
  const marks: Mark[] = [];
  const body =
    kind === 'latency_ecdf'
      ? ecdf(run, list, width, height, marks)
      : intervals(kind, list, width, height, ink, marks);
  const axis = [0, 0.25, 0.5, 0.75, 1]
    .map((t) => {
      const x = 110 + t * (width - 140);
      return `<line x1="${x}" x2="${x}" y1="34" y2="${height - 30}" stroke="${grid}"/><text x="${x}" y="${height - 12}" font-size="11" fill="${ink}" text-anchor="middle">${label(kind, t, list)}</text>`;
    })
    .join('');
  const title = TITLES[kind];
  const description = `${title}: ${marks.map((m) => m.text).join('; ')}`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"><title>${title}</title><desc>${description}</desc><text x="12" y="20" font-size="13" font-weight="600" fill="${ink}">${title}</text>${axis}${body}</svg>`;
  return { kind, title, description, svg, width, height, marks };
}

function reach(kind: ChartKind, list: VariantSummary[]): number {
  if (kind === 'success') return 1;
  const values = list.map((v) => (kind === 'tokens' ? v.total_tokens.max : v.latency_ms.p99.value) ?? 1);
  return Math.max(1, ...values) * 1.1;
}

function label(kind: ChartKind, t: number, list: VariantSummary[]): string {
  if (kind === 'success') return `${t * 100} %`;
  if (kind === 'cost') return '$0';
  return kind === 'tokens'
    ? String(Math.round(reach(kind, list) * t))
    : `${Math.round(reach(kind, list) * t)} ms`;
}

function intervals(
  kind: ChartKind,
  list: VariantSummary[],
  width: number,
  height: number,
  ink: string,
  marks: Mark[],
): string {
  const most = reach(kind, list);
  return list
    .map((v, row) => {
      const estimate =
        kind === 'success'
          ? v.success_rate
          : kind === 'tokens'
            ? v.total_tokens.mean
            : kind === 'cost'
              ? v.cost_usd.mean
              : v.latency_ms.mean;
      const y = 34 + ((height - 64) * (row + 0.5)) / list.length;
      const name = `<text x="102" y="${y + 4}" font-size="12" fill="${ink}" text-anchor="end">${v.name}</text>`;
      if (estimate.value === null) return `${name}<text x="116" y="${y + 4}" fill="${ink}">—</text>`;
      const at = (value: number) => 110 + (value / most) * (width - 140);
      const colour = COLOURS[v.variant % 8];
      const [low, high] = [
        estimate.interval?.low ?? estimate.value,
        estimate.interval?.high ?? estimate.value,
      ];
      const shown = kind === 'success' ? `${(estimate.value * 100).toFixed(1)} %` : estimate.value.toFixed(1);
      marks.push({
        x: at(estimate.value),
        y,
        series: v.variant,
        text: `${v.name}: ${shown}, n = ${estimate.n}`,
      });
      return `${name}<line x1="${at(low)}" x2="${at(high)}" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="3"/><circle cx="${at(estimate.value)}" cy="${y}" r="5" fill="${colour}"/>`;
    })
    .join('');
}

function ecdf(run: FakeRun, list: VariantSummary[], width: number, height: number, marks: Mark[]): string {
  const most = reach('latency_ecdf', list);
  return list
    .map((v) => {
      const values = sortedLatencies(run, v.variant);
      const colour = COLOURS[v.variant % 8];
      const points = values.map((value, i) => {
        const x = 110 + (Math.min(value, most) / most) * (width - 140);
        const y = height - 30 - ((i + 1) / values.length) * (height - 64);
        if (i === Math.floor(values.length / 2))
          marks.push({ x, y, series: v.variant, text: `${v.name}: p50 ${value.toFixed(0)} ms` });
        if (i === Math.floor(values.length * 0.95))
          marks.push({ x, y, series: v.variant, text: `${v.name}: p95 ${value.toFixed(0)} ms` });
        return `${x.toFixed(1)},${y.toFixed(1)}`;
      });
      return `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="1.8"/>`;
    })
    .join('');
}
