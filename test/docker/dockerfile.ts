export interface Instruction {
  readonly word: string;
  readonly rest: string;
}

/** The instructions of a Dockerfile without comments. Continued lines are joined. */
export const instructionsOf = (text: string): Instruction[] =>
  text
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() && !line.startsWith('#'))
    .map((line) => /^(\w+)\s+(.*)$/.exec(line)!)
    .map(([, word, rest]) => ({ word: word!, rest: rest!.replaceAll(/\s+/g, ' ').trim() }));

/** The instructions of one stage. `undefined` selects the last stage, which has no name. */
export function stageOf(instructions: readonly Instruction[], name: string | undefined): Instruction[] {
  const from = instructions.findLastIndex(
    ({ word, rest }) => word === 'FROM' && (name === undefined || rest.endsWith(` AS ${name}`)),
  );
  const end = instructions.findIndex(({ word }, index) => index > from && word === 'FROM');
  return instructions.slice(from, end < 0 ? undefined : end);
}
