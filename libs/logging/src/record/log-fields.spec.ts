import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LogField } from './log-fields.js';

describe('the fields of a line', () => {
  it('are those of docs/log-fields.md, in its order', () => {
    const text = readFileSync(join(process.cwd(), 'docs/log-fields.md'), 'utf8');
    const documented = [...text.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, name]) => name);
    expect(documented).toEqual(Object.values(LogField));
  });

  it('stand under their names once', () => {
    expect(new Set(Object.values(LogField)).size).toBe(Object.values(LogField).length);
  });
});
