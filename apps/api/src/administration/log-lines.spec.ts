import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findLogLines } from './log-lines.js';

const ID = '5f0c6d1e-9d4b-4c1a-8f53-2a1b3c4d5e6f';
const line = (fields: object) => JSON.stringify(fields);

describe('findLogLines', () => {
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
    // A dangling link acts like a file that rotation removes during the read.
    symlinkSync(join(directory, 'gone'), join(directory, 'worker.jsonl'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('finds lines in current and rotated files, and skips cut lines and removed files', async () => {
    const { lines, truncated } = await findLogLines(directory, ID);
    expect(truncated).toBe(false);
    expect(lines.map(({ event }) => event)).toEqual(['rotated', 'one', 'two']);
  });

  it.each([
    ['2,000 lines', 2_001, '', 2_000],
    ['1 MiB', 5, 'x'.repeat(300 * 1024), 3],
  ])('stops at %s, and says that there are more', async (_, count, text, expected) => {
    const folder = mkdtempSync(join(directory, 'many-'));
    writeFileSync(join(folder, 'api.jsonl'), `${line({ trace_id: ID, text })}\n`.repeat(count));
    const { lines, truncated } = await findLogLines(folder, ID);
    expect([lines.length, truncated]).toEqual([expected, true]);
  });

  it('returns lines of each process if those of one exceed the limit, by time', async () => {
    const folder = mkdtempSync(join(directory, 'processes-'));
    const write = (file: string, service: string, second: number, count: number) =>
      writeFileSync(
        join(folder, file),
        Array.from({ length: count }, (_, n) =>
          line({ trace_id: ID, service, timestamp: new Date(second * 1_000 + n).toISOString() }),
        ).join('\n'),
      );
    write('api.jsonl.1', 'api', 1, 900);
    write('api.jsonl', 'api', 3, 3_000);
    write('worker.jsonl', 'worker', 2, 500);
    const { lines, truncated } = await findLogLines(folder, ID);
    expect(truncated).toBe(true);
    expect(lines.filter(({ service }) => service === 'worker')).toHaveLength(500);
    expect(lines.filter(({ service }) => service === 'api')).toHaveLength(1_500);
    const times = lines.map(({ timestamp }) => String(timestamp));
    expect(times).toEqual(times.toSorted());
    expect(times[0]).toBe('1970-01-01T00:00:01.000Z');
  });

  it('returns no lines if the folder does not exist', async () => {
    expect(await findLogLines(join(directory, 'nowhere'), ID)).toEqual({ lines: [], truncated: false });
  });
});
