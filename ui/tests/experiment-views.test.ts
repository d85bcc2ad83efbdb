import { cleanup, fireEvent, screen } from '@testing-library/svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { click, expectAccessible, openWindow, settle, text, type } from './helpers';

afterEach(cleanup);

const EXAMPLE = 'workflows/mlflow_example.yaml';

describe('applying to a workflow', () => {
  it('asks for a reason while deployment is blocked, and writes the chosen node', async () => {
    const { backend } = await openWindow('workflows', { name: 'compare' });
    const before = backend.files.read(EXAMPLE).text;
    await click('apply-best');
    expect((screen.getByTestId('apply-node') as HTMLSelectElement).value).toBe('draft');
    expect(text('apply-block')).toContain('latency_ms_p95');
    const confirm = screen.getByTestId('apply-confirm') as HTMLButtonElement;
    expect(confirm.disabled).toBe(true);
    await expectAccessible();
    await type('override-reason', 'the latency was the network');
    expect(confirm.disabled).toBe(false);
    await click('apply-confirm');
    expect(backend.files.read(EXAMPLE).text).toMatch(/node under test\n {4}prompt: \|\n.*four sentences/);
    await click('toast-action');
    expect(backend.files.read(EXAMPLE).text).toBe(before);
  });
});

describe('experiments', () => {
  it('are read again when runs change and every ten seconds', async () => {
    const { backend } = await openWindow('workflows', { section: 'experiments' });
    expect(text('experiment-list')).toMatch(/ticket_replies.*1.*tickets.*2/s);
    backend.runs = backend.runs.filter((run) => run.id !== 2);
    backend.emit({ type: 'runs' });
    await settle();
    expect(text('experiment-list')).toMatch(/tickets\s*1/);
    cleanup();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const again = await openWindow('workflows', { section: 'experiments' });
    again.backend.runs = [];
    vi.advanceTimersByTime(10_000);
    vi.useRealTimers();
    await settle();
    expect(text('experiments-pane')).toContain('No experiments yet');
  });

  it('open Compare on the experiment, here and in MLflow, and MLflow in the browser', async () => {
    const { backend } = await openWindow('workflows', { section: 'experiments' });
    expect(text('mlflow-state')).toMatch(/12 trials\s+wait to be logged:.*connection refused/s);
    await click('open-mlflow-prompt_search');
    expect(backend.opened).toEqual(['http://localhost:5000/#/experiments/4']);
    const asked = vi.spyOn(backend, 'compare');
    await click('mlflow-experiment-prompt_search');
    expect(asked.mock.calls.at(-1)?.[0]).toMatchObject({
      experiment: 'prompt_search',
      mlflow_uri: 'http://localhost:5000',
    });
    expect(text('verdict-strip')).toContain('read from http://localhost:5000');
    await click('place-campaigns');
    await click('experiment-tickets');
    expect(asked.mock.calls.at(-1)?.[0]).toMatchObject({ experiment: 'tickets', runs: [] });
  });

  it('take another store, and say what may be written when it is none', async () => {
    await openWindow('starter', { section: 'experiments' });
    expect(text('mlflow-state')).toContain('Nothing is logged to MLflow');
    expect(screen.queryByTestId('mlflow-experiments')).toBeNull();
    await fireEvent.change(screen.getByTestId('mlflow-uri'), { target: { value: 'ftp://x' } });
    await settle();
    expect(text('error-state')).toContain('“ftp://x” is no MLflow store.');
    await fireEvent.change(screen.getByTestId('mlflow-uri'), { target: { value: 'sqlite:///a.db' } });
    await settle();
    expect(text('mlflow-experiments')).toContain('prompt_search');
  });

  it('are logged where Settings says', async () => {
    const { backend } = await openWindow('starter', { name: 'settings' });
    await fireEvent.change(screen.getByTestId('mlflow-tracking-uri'), {
      target: { value: '/home/me/mlruns ' },
    });
    await settle();
    expect((await backend.settings()).settings.mlflow_tracking_uri).toBe('/home/me/mlruns');
    await fireEvent.change(screen.getByTestId('mlflow-tracking-uri'), { target: { value: '' } });
    await settle();
    expect((await backend.settings()).settings.mlflow_tracking_uri).toBeNull();
  });
});
