import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SETTINGS } from '../src/settings/settings.ts';

const README = join(import.meta.dirname, '../README.md');

/** The rows of the tables of settings, as the README has to have them. */
const rows = (): string[] =>
  Object.values(SETTINGS).flatMap((group) =>
    Object.values(group).map(
      ({ key, default: standard, neededBy, accepts, about }) =>
        `\`${key}\` | ${neededBy ? '**required**' : standard === undefined ? '' : `\`${String(standard)}\``} | ${accepts} | ${about}`,
    ),
  );

const rowsOf = (text: string): string[] =>
  [...text.matchAll(/^\| (`[a-z_]+`\s+\|.*) \|$/gm)].map(([, row]) =>
    row!
      .split('|')
      .map((cell) => cell.trim())
      .join(' | '),
  );

describe('infra/README.md', () => {
  it('lists every setting with its default, what it accepts and what it does, and no other', () => {
    assert.deepEqual(
      rowsOf(readFileSync(README, 'utf8')),
      rows().map((row) =>
        row
          .split('|')
          .map((cell) => cell.trim())
          .join(' | '),
      ),
    );
    assert.deepEqual(rowsOf('| `a_b` | `1`   |  | Does. |\n'), ['`a_b` | `1` |  | Does.']); // what the table is read by
  });
});
