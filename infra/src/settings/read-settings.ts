import type { Catalogue, ValuesOf } from './setting.ts';
import { SETTINGS_FILE } from './settings-file.ts';

/** CDK's own context keys, and those of its look-ups, contain one of these. */
const OF_CDK = /[:@/]/;

/**
 * The values of all settings: from the context where it names them, else the defaults. Empty text counts as absent.
 *
 * @param check finds values that do not fit together; it also gets values that are missing, as undefined.
 * @throws Error with a line for each value that is missing or not accepted, and for each key that no setting has.
 */
export function readSettings<Groups extends Readonly<Record<string, Catalogue>>>(
  groups: Groups,
  context: Readonly<Record<string, unknown>>,
  check: (values: { readonly [group in keyof Groups]: ValuesOf<Groups[group]> }) => readonly string[] = () => [],
): { readonly [group in keyof Groups]: ValuesOf<Groups[group]> } {
  const problems: string[] = [];
  const known = new Set<string>();
  const valueOf = (setting: Catalogue[string]): unknown => {
    known.add(setting.key);
    const given = context[setting.key];
    if (given === undefined || given === null || String(given).trim() === '') {
      if (setting.neededBy) problems.push(missing(setting));
      return setting.default;
    }
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
  const all = values as { readonly [group in keyof Groups]: ValuesOf<Groups[group]> };
  refuse([...problems, ...check(all)]);
  return all;
}

/** @throws Error that lists the problems, where there are any, and says where settings are given. */
export function refuse(problems: readonly string[]): void {
  if (!problems.length) return;
  throw new Error(
    `The settings are not accepted, and nothing is deployed:\n  ${problems.join('\n  ')}\n` +
      `Keep them in ${SETTINGS_FILE} (copy infra/settings.example.json, and commit it), or give one by --context <key>=<value>.`,
  );
}

const missing = ({ key, accepts, about, neededBy }: Catalogue[string]): string =>
  `${key} is missing (needed by ${neededBy}): it must be ${accepts} (${about})`;
