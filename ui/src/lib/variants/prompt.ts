/** The prompts in a variant's text, as far as their length is concerned. */
export interface PromptSize {
  characters: number;
  tokens: number;
}

const FIELD = /^(system_prompt|prompt):[ \t]*(.*)$/;

/** Collects the lines of the prompt fields; block scalars lose their indentation. */
export function promptTexts(text: string): string[] {
  const lines = text.split(/\r?\n/);
  const prompts: string[] = [];
  lines.forEach((line, index) => {
    const match = FIELD.exec(line);
    if (!match) return;
    const inline = match[2] ?? '';
    if (!/^[|>][-+0-9]*\s*(#.*)?$/.test(inline)) {
      if (inline) prompts.push(inline.replace(/^(["'])(.*)\1\s*$/, '$2'));
      return;
    }
    const block: string[] = [];
    for (const next of lines.slice(index + 1)) {
      if (next.trim() && !/^\s/.test(next)) break;
      block.push(next);
    }
    const indent = Math.min(
      ...block.filter((one) => one.trim()).map((one) => one.length - one.trimStart().length),
    );
    prompts.push(
      block
        .map((one) => one.slice(indent))
        .join('\n')
        .trimEnd(),
    );
  });
  return prompts;
}

export function promptSize(text: string): PromptSize {
  const characters = promptTexts(text).reduce((sum, prompt) => sum + [...prompt].length, 0);
  return { characters, tokens: Math.ceil(characters / 4) };
}
