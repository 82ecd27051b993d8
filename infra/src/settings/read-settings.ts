import type { Catalogue, ValuesOf } from './setting.ts';

/** CDK's own context keys, and those of its look-ups, contain one of these. */
const OF_CDK = /[:@/]/;

/**
 * The values of all settings: from the context where it names them, else the defaults. Empty text counts as absent.
 *
 * @throws Error with a line for each value that is not accepted, and for each key that no setting has.
 */
export function readSettings<Groups extends Readonly<Record<string, Catalogue>>>(
  groups: Groups,
  context: Readonly<Record<string, unknown>>,
): { readonly [group in keyof Groups]: ValuesOf<Groups[group]> } {
  const problems: string[] = [];
  const known = new Set<string>();
  const valueOf = (setting: Catalogue[string]): unknown => {
    known.add(setting.key);
    const given = context[setting.key];
    if (given === undefined || given === null || given === '') return setting.default;
    const value = setting.read(String(given));
    if (value === undefined)
      problems.push(`${setting.key} is "${String(given)}": it must be ${setting.accepts} (${setting.about})`);
    return value;
  };
  const values = Object.fromEntries(
    Object.entries(groups).map(([group, catalogue]) => [
      group,
      Object.fromEntries(Object.entries(catalogue).map(([name, setting]) => [name, valueOf(setting)])),
    ]),
  );
  for (const key of Object.keys(context)) {
    if (!known.has(key) && !OF_CDK.test(key)) problems.push(`${key} is no setting: see infra/README.md`);
  }
  if (problems.length) throw new Error(`The context is not accepted:\n  ${problems.join('\n  ')}`);
  return values as { readonly [group in keyof Groups]: ValuesOf<Groups[group]> };
}
