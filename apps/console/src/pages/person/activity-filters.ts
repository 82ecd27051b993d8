import type { FilterField } from '../../components/filter-form.js';
import { startOfDay } from '../../url/day.js';
import type { Filters } from '../../url/filters.js';

const INVOLVEMENTS = { own_actions: 'actor', actions_of_others: 'subject' } as const;

export const OWN_FIELDS = [
  { name: 'involvement', label: 'Whose actions', options: Object.keys(INVOLVEMENTS) },
  { name: 'from', label: 'From', type: 'date' },
  { name: 'to', label: 'To', type: 'date' },
] as const satisfies readonly FilterField<string>[];
export const OWN_NAMES = OWN_FIELDS.map(({ name }) => name);

export const FIELDS = [
  { name: 'kind', label: 'Kind', options: ['entries', 'events'] },
  ...OWN_FIELDS,
] as const satisfies readonly FilterField<string>[];
export const NAMES = FIELDS.map(({ name }) => name);

/** The query of the api for the filters and the cursor. Days are those of the reader's time zone, and `to` includes its day. */
export function activityQuery({ involvement, from, to, cursor }: Filters<(typeof OWN_NAMES)[number] | 'cursor'>) {
  const [first, last] = [startOfDay(from, 0), startOfDay(to, 1)];
  return {
    ...(isInvolvement(involvement) && { involvement: INVOLVEMENTS[involvement] }),
    ...(first !== undefined && { from: first }),
    ...(last !== undefined && { to: last }),
    ...(cursor !== undefined && { cursor }),
  };
}

const isInvolvement = (text: string | undefined): text is keyof typeof INVOLVEMENTS =>
  text !== undefined && Object.hasOwn(INVOLVEMENTS, text);
