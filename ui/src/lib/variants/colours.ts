/** Which of the eight colours a variant has: its column in the first campaign that names it. */
import type { CampaignRow } from '$lib/bindings/CampaignRow';
import type { VariantRow } from '$lib/bindings/VariantRow';

export function colourIndices(variants: VariantRow[], campaigns: CampaignRow[]): Map<string, number> {
  const indices = new Map<string, number>();
  for (const { campaign, last_run } of campaigns) {
    const names = campaign?.variants ?? last_run?.bars.map((bar) => bar.name) ?? [];
    names.forEach((name, index) => {
      if (!indices.has(name)) indices.set(name, index);
    });
  }
  variants.forEach(({ name }, index) => {
    if (!indices.has(name)) indices.set(name, index);
  });
  return indices;
}
