/** Topics, and checks of a request for a triage test, as far as the fake backend makes them. */
import type { Diagnostic } from '$lib/bindings/Diagnostic';
import type { Provider } from '$lib/bindings/Provider';
import type { TopicRow } from '$lib/bindings/TopicRow';
import type { TriageRequest } from '$lib/bindings/TriageRequest';
import type { TriageVariantRow } from '$lib/bindings/TriageVariantRow';
import { check, kindOf, nameOf, parseVariant, topValue, type FakeFiles } from './files';

const PROVIDERS = ['builtin', 'anthropic', 'openai', 'gemini', 'ollama', 'openai-compatible'];

function finding(path: string, message: string, hint: string, severity: 'error' | 'warning' = 'error') {
  const nowhere = { file: null, start: null, end: null };
  return { severity, code: 'bad-request', path, message, hint, ...nowhere } satisfies Diagnostic;
}

export function findingsOf(
  request: TriageRequest,
  topics: TopicRow[],
  files: FakeFiles,
  cap: number,
): Diagnostic[] {
  const found: Diagnostic[] = [];
  const topic = topics.find((row) => row.name === request.topic || row.topic?.id === request.topic);
  if (!topic) found.push(finding('topic', `there is no topic “${request.topic}”`, 'Choose one of topics/.'));
  else if (!topic.topic)
    found.push(finding('topic', `${topic.path} has errors`, 'Mend the file, or choose another topic.'));
  const [start, end] = [Date.parse(request.window_start), Date.parse(request.window_end)];
  if (Number.isNaN(start)) found.push(finding('window_start', 'this is no date', 'Write 2026-11-01.'));
  if (Number.isNaN(end)) found.push(finding('window_end', 'this is no date', 'Write 2026-11-08.'));
  if (start >= end)
    found.push(finding('window_end', 'the window ends before it starts', 'Take a later date.'));
  const most = request.max_items ?? 50;
  if (most < 1 || most > cap)
    found.push(finding('max_items', `${most} is not from 1 to ${cap}`, 'The cap is set in Settings.'));
  if (request.variants.length < 2)
    found.push(finding('variants', 'a triage test compares at least two variants', 'Add a variant.'));
  request.variants.forEach((variant, index) => {
    const at = (field: string) => `variants[${index}].${field}`;
    if (request.variants.findIndex((one) => one.name === variant.name) < index)
      found.push(finding(at('name'), `“${variant.name}” is taken`, 'Names are unique in a test.'));
    if (!variant.provider) {
      if (!files.texts.has(`variants/${variant.name}.yaml`))
        found.push(finding(at('name'), `there is no variants/${variant.name}.yaml`, 'Choose another file.'));
      return;
    }
    if (!PROVIDERS.includes(variant.provider))
      found.push(
        finding(
          at('provider'),
          `unknown provider “${variant.provider}”`,
          `Allowed: ${PROVIDERS.join(', ')}.`,
        ),
      );
    if (!variant.model) found.push(finding(at('model'), 'the model is missing', 'Name one.'));
    if (variant.max_output_tokens != null && variant.max_output_tokens < 1)
      found.push(finding(at('max_output_tokens'), 'this must be 1 or more', 'Leave it empty to send none.'));
    if (variant.provider === 'anthropic')
      found.push(
        finding(
          at('provider'),
          'there is no key for anthropic',
          'Set one in Settings, under Providers.',
          'warning',
        ),
      );
  });
  return found;
}

export function variantRows(request: TriageRequest, files: FakeFiles): TriageVariantRow[] {
  return request.variants.map((variant) => {
    const text = files.texts.get(`variants/${variant.name}.yaml`);
    const file = variant.provider || !text ? null : parseVariant(variant.name, text);
    return {
      name: variant.name,
      provider: (variant.provider ?? file?.provider ?? 'builtin') as Provider,
      model: variant.model ?? file?.model ?? '?',
      reasoning_effort: variant.reasoning_effort ?? file?.reasoning_effort ?? null,
      max_output_tokens: variant.max_output_tokens ?? file?.max_output_tokens ?? null,
      prompt_id: file ? 'custom_91b7c02de4aa' : 'bakeoff_triage_1',
    };
  });
}

export function topicRows(files: FakeFiles): TopicRow[] {
  return [...files.texts].flatMap(([path, text]) => {
    if (kindOf(path) !== 'topic') return [];
    const name = nameOf(path);
    const diagnostics = check('topic', text).map((finding) => ({ ...finding, file: path }));
    const file = /file: *([^}\s]+)/.exec(text)?.[1] ?? '';
    const topic = {
      name,
      id: topValue(text, 'id') ?? name,
      description: topValue(text, 'description'),
      source: { file },
      mapping: {
        id: null,
        title: null,
        url: null,
        author: null,
        source_type: null,
        source_id: null,
        published_at: null,
        body: null,
        cluster_id: null,
        score: null,
      },
      timeout_seconds: 30,
      system_prompt: null,
      prompt: null,
    };
    return [{ name, path, topic: diagnostics.length ? null : topic, diagnostics }];
  });
}
