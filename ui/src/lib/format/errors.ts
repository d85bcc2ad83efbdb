/** Whatever was thrown, as the ServiceError that the window shows. */
import type { Diagnostic } from '$lib/bindings/Diagnostic';
import type { ServiceError } from '$lib/bindings/ServiceError';

export function asServiceError(thrown: unknown): ServiceError {
  if (isServiceError(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'internal', message, hint: null, diagnostics: [] };
}

function isServiceError(thrown: unknown): thrown is ServiceError {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'message' in thrown;
}

/** The error as text, for the copy button. */
export function errorText(error: ServiceError): string {
  const lines = [`${error.message} (${error.code})`];
  if (error.hint) lines.push(error.hint);
  return [...lines, ...error.diagnostics.map(diagnosticText)].join('\n');
}

/** `variants/a.yaml:3:8: error: … (hint)`. */
export function diagnosticText(finding: Diagnostic): string {
  const place = finding.start ? `${finding.start.line}:${finding.start.column}: ` : '';
  const file = finding.file ? `${finding.file}:` : '';
  const hint = finding.hint ? ` (${finding.hint})` : '';
  return `${file}${place}${finding.severity}: ${finding.message}${hint}`;
}

/** The finding in sentences: what is wrong, and what to do. */
export function findingText({ message, hint }: Pick<Diagnostic, 'message' | 'hint'>): string {
  const texts = [message, hint].filter((text) => text !== null && text !== '');
  return texts.map((text) => sentence(text as string)).join(' ');
}

/** With a capital, unless the text begins with a name such as a file's, and with a full stop. */
function sentence(text: string): string {
  const begun = text.replace(/^[a-z]+(?=[ ,])/, (word) => word.charAt(0).toUpperCase() + word.slice(1));
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
