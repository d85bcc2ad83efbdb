/** The places of the window, in the order of the sidebar and of Mod+1 to Mod+5. */
import type { PlaceName } from '$lib/state/navigation.svelte';

export const PLACES: readonly { name: PlaceName; label: string }[] = [
  { name: 'variants', label: 'Variants' },
  { name: 'campaigns', label: 'Campaigns' },
  { name: 'compare', label: 'Compare' },
  { name: 'subjects', label: 'Subjects' },
  { name: 'settings', label: 'Settings' },
];
