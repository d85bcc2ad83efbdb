/** Starting parts of the window on the fake backend. */
import { fireEvent, render, screen } from '@testing-library/svelte';
import axe from 'axe-core';
import { expect } from 'vitest';
import AppView from '../src/App.svelte';
import { FakeBackend, type FakeKind } from '$lib/backend/fake';
import type { Place } from '$lib/state/navigation.svelte';

/** Lets promises and effects settle: a few turns of the event loop, no waiting for time. */
export async function settle(turns = 12): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

export async function openWindow(kind: FakeKind = 'starter', place: Partial<Place> = {}) {
  const backend = new FakeBackend(kind);
  backend.memory.set('place', { name: 'campaigns', variant: null, campaign: null, run: null, ...place });
  const view = render(AppView, { props: { backend } });
  await settle();
  return { backend, ...view };
}

/** No accessibility violations. There is no layout here, so contrast is checked by tests/contrast.test.ts. */
export async function expectAccessible(root: Element = document.body): Promise<void> {
  const result = await axe.run(root, {
    rules: { 'color-contrast': { enabled: false } },
    resultTypes: ['violations'],
    preload: false,
    iframes: false,
  });
  const found = result.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join('\n  ')}`,
  );
  expect(found).toEqual([]);
}

export const click = async (testid: string) => {
  await fireEvent.click(screen.getByTestId(testid));
  await settle();
};
export const type = async (testid: string, value: string) => {
  await fireEvent.input(screen.getByTestId(testid), { target: { value } });
  await settle();
};
export const text = (testid: string) => screen.getByTestId(testid).textContent ?? '';
