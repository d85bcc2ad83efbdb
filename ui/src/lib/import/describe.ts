/** What dropping some paths would do, in one sentence. */
import { plural } from '$lib/format/numbers';

export function fileName(path: string): string {
  return path.split(/[\\/]/).filter(Boolean).pop() ?? path;
}

export function describeDrop(paths: string[]): string {
  const [first] = paths;
  if (first === undefined) return 'Drop to look at these files';
  if (paths.length > 1) return `Drop to look at ${plural(paths.length, 'file')} for import`;
  const name = fileName(first);
  const extension = /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase();
  switch (extension) {
    case 'yaml':
    case 'yml':
    case 'json':
      return `Drop to look at ${name} for import`;
    case 'txt':
    case 'md':
      return `Drop to make a variant of the prompt in ${name}`;
    case 'jsonl':
    case 'csv':
      return `Drop to look at the data set ${name} for import`;
    case undefined:
      return `Drop to look at the files in ${name} for import`;
    default:
      return `${name} cannot be imported: it is no YAML, JSON, text, JSONL or CSV file`;
  }
}
