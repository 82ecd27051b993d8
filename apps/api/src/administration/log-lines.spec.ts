import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findLogLines } from './log-lines.js';

const ID = '5f0c6d1e-9d4b-4c1a-8f53-2a1b3c4d5e6f';
const line = (fields: object) => JSON.stringify(fields);

describe('the log lines of a correlation id', () => {
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'pikaia-lines-'));
    const cut = line({ trace_id: ID, event: 'cut' }).slice(0, -5);
    writeFileSync(
      join(directory, 'api.jsonl'),
      [
        line({ trace_id: ID, event: 'one' }),
        line({ trace_id: 'other', mentions: ID }),
        cut,
        '',
        line({ trace_id: ID, event: 'two' }),
      ].join('\n'),
    );
    writeFileSync(join(directory, 'api.jsonl.1'), `${line({ trace_id: ID, event: 'rotated' })}\n`);
    writeFileSync(join(directory, 'notes.txt'), line({ trace_id: ID, event: 'no log' }));
    symlinkSync(join(directory, 'gone'), join(directory, 'worker.jsonl')); // as one that was renamed since it was listed
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('are found in the files and in the rotated ones; what is cut or gone is passed over', async () => {
    const found = await findLogLines(directory, ID);
    expect(found.map(({ event }) => event).sort()).toEqual(['one', 'rotated', 'two']);
  });

  it('are none where there is no folder', async () => {
    expect(await findLogLines(join(directory, 'nowhere'), ID)).toEqual([]);
  });
});
