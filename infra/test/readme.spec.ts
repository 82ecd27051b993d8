import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SETTINGS } from '../src/settings/settings.ts';

const README = join(import.meta.dirname, '../README.md');

/** The expected rows of the settings tables in the README. */
const rows = (): string[] =>
  Object.values(SETTINGS).flatMap((group) =>
    Object.values(group).map(
      ({ key, default: standard, requiredBy, accepts, about }) =>
        `\`${key}\` | ${requiredBy ? '**required**' : standard === undefined ? '' : `\`${String(standard)}\``} | ${accepts} | ${about}`,
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
  it('lists exactly the existing settings with their default, accepted values and description', () => {
    assert.deepEqual(
      rowsOf(readFileSync(README, 'utf8')),
      rows().map((row) =>
        row
          .split('|')
          .map((cell) => cell.trim())
          .join(' | '),
      ),
    );
    assert.deepEqual(rowsOf('| `a_b` | `1`   |  | Does. |\n'), ['`a_b` | `1` |  | Does.']); // checks the parser of the table
  });
});
