import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const docs = resolve(__dirname, '../../docs');
const [, section] = readFileSync(join(docs, 'guarantees.md'), 'utf8').split('\n## Known mistakes\n');
const rows = section!
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(2); // without the heading

/** Describes each test that a row names and that its file does not contain. A row without a test is a problem, too. */
function missingTests(row: string): string[] {
  const tests = [...row.matchAll(/\]\(([^)]+)\): _(.+?)_(?=<br>| +\|)/g)];
  if (tests.length === 0) return [`no test: ${row}`];
  return tests.flatMap(([, file = '', title = '']) =>
    readFileSync(join(docs, file), 'utf8').includes(`'${title}',`) ? [] : [`${file} has no test "${title}"`],
  );
}

describe('the table of known mistakes', () => {
  it('names for each mistake a test that exists', () => {
    expect(rows).toHaveLength(20);
    expect(rows.flatMap(missingTests)).toEqual([]);
  });

  it('would be reported with a renamed test, and without a test', () => {
    const [row] = rows;
    expect(missingTests(row!.replace('two workers', 'three workers'))).toHaveLength(1);
    expect(missingTests('| A mistake. | |')).toHaveLength(1);
  });
});
