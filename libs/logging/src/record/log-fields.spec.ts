import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LogField } from './log-fields.js';

describe('LogField', () => {
  it('the log fields equal the table in docs/log-fields.md, in its order', () => {
    const text = readFileSync(join(process.cwd(), 'docs/log-fields.md'), 'utf8');
    const documented = [...text.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, name]) => name);
    expect(documented).toEqual(Object.values(LogField));
  });

  it('each log field has a unique name', () => {
    expect(new Set(Object.values(LogField)).size).toBe(Object.values(LogField).length);
  });
});
