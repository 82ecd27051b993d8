import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transitionOf } from './subscription-transition.js';

const document = readFileSync(join(__dirname, '../../../../docs/billing.md'), 'utf8');

/** The cells of the table of transitions. The statuses of a column are in its header. */
function table(): { readonly was: string; readonly status: string; readonly published: string }[] {
  const [header, , ...rows] = document
    .split('\n')
    .filter((line) => line.startsWith('| ') && document.indexOf(line) > document.indexOf('## Subscription states'));
  const cellsOf = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const columns = cellsOf(header!)
    .slice(1)
    .map((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, status]) => status!));
  return rows.slice(0, 3).flatMap((line) => {
    const [was, ...cells] = cellsOf(line);
    return cells.flatMap((published, index) => columns[index]!.map((status) => ({ was: was!, status, published })));
  });
}

describe('transitionOf', () => {
  it('has a cell in docs/billing.md for each status of Stripe', () => {
    const statuses = ['active', 'canceled', 'incomplete', 'incomplete_expired', 'past_due', 'paused', 'trialing', 'unpaid'];
    for (const was of ['not active yet', 'active', 'ended'])
      expect(
        table()
          .filter((cell) => cell.was === was)
          .map(({ status }) => status)
          .sort(),
      ).toEqual(statuses);
  });

  it.each(table())('of a subscription that was $was and gets the status $status is as the table says: $published', (cell) => {
    const isActive = cell.was === 'active';
    const published = cell.published === 'nothing' ? undefined : /`subscription\.(\w+)`/.exec(cell.published)![1];
    expect(transitionOf({ isActive, newStatus: cell.status, isChanged: true })).toBe(published);
    if (published === 'updated') expect(transitionOf({ isActive, newStatus: cell.status, isChanged: false })).toBeUndefined();
  });

  it('treats a status that Stripe adds later as neither live nor ended', () => {
    expect(transitionOf({ isActive: false, newStatus: 'new', isChanged: true })).toBeUndefined();
    expect(transitionOf({ isActive: true, newStatus: 'new', isChanged: true })).toBe('updated');
  });
});
