import { execFileSync } from 'node:child_process';
import type { Spelling } from './spellings.js';

type Values = Readonly<Record<string, Spelling>>;

/** The diff of two states of an entity, and all values of each state in their recorded form. */
export interface ProcessDiff {
  readonly changed: readonly string[];
  readonly old: Readonly<Record<string, unknown>>;
  readonly new: Readonly<Record<string, unknown>>;
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
}

const PROGRAM = `
  import { json } from 'node:stream/consumers';
  import { diff, Public, snapshot } from '@pikaia/audit';
  import { Column } from 'typeorm';
  const { types, pairs } = await json(process.stdin);
  class Spelled {}
  for (const type of types) {
    Column(type)(Spelled.prototype, type);
    Public()(Spelled.prototype, type);
  }
  const read = (value) =>
    value?.$instant !== undefined ? new Date(value.$instant) : value?.$local ? new Date(...value.$local) : value;
  const entity = (values) =>
    Object.assign(new Spelled(), Object.fromEntries(Object.entries(values).map(([name, value]) => [name, read(value)])));
  const results = pairs.map(([one, other]) => {
    const [before, after] = [entity(one), entity(other)];
    const { changed, old, new: now } = diff(snapshot(before), after);
    return { changed, old, new: now, before: diff(null, before).new, after: diff(null, after).new };
  });
  process.stdout.write(JSON.stringify(results));`;

/** Computes the diffs of pairs of entities in a process of another time zone. The entity has one column of each type. */
export function diffsIn(
  timeZone: string,
  types: readonly string[],
  pairs: ReadonlyArray<readonly [Values, Values]>,
): ProcessDiff[] {
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    env: { PATH: process.env['PATH'], TZ: timeZone },
    input: JSON.stringify({ types, pairs }),
    maxBuffer: 64 * 1024 * 1024,
    encoding: 'utf8',
  });
  return JSON.parse(output) as ProcessDiff[];
}
