/** The fields of the Form tab. */
import type { Field } from '$lib/components/field';

export const VARIANT_FIELDS: readonly Field[] = [
  {
    key: 'description',
    label: 'Description',
    kind: 'text',
    wide: true,
    placeholder: 'What this variant is about',
  },
  {
    key: 'provider',
    label: 'Provider',
    kind: 'choice',
    choices: ['builtin', 'anthropic', 'openai', 'gemini', 'ollama', 'openai-compatible'],
    placeholder: 'From the model’s name',
  },
  { key: 'model', label: 'Model', kind: 'text', placeholder: 'Sent exactly as written' },
  {
    key: 'base_url',
    label: 'Base URL',
    kind: 'text',
    wide: true,
    placeholder: 'For OpenAI-compatible servers',
  },
  { key: 'system_prompt', label: 'System prompt', kind: 'long', wide: true },
  { key: 'prompt', label: 'Prompt (user turn)', kind: 'long', wide: true, placeholder: '{{ input }}' },
  { key: 'temperature', label: 'Temperature', kind: 'number', placeholder: 'Not sent' },
  { key: 'top_p', label: 'Top p', kind: 'number', placeholder: 'Not sent' },
  { key: 'max_output_tokens', label: 'Most output tokens', kind: 'number', placeholder: 'Not sent' },
  {
    key: 'reasoning_effort',
    label: 'Reasoning effort',
    kind: 'choice',
    choices: ['none', 'minimal', 'low', 'medium', 'high'],
    placeholder: 'Not sent',
  },
  { key: 'stop', label: 'Stop sequences', kind: 'list', placeholder: 'Separated by commas' },
  { key: 'tags', label: 'Tags', kind: 'list', placeholder: 'Separated by commas' },
  { key: 'pace_ms', label: 'Pace (ms, built-in model)', kind: 'number', placeholder: 'As fast as it can' },
];
