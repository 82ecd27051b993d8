import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type LogLine = Readonly<Record<string, unknown>>;

const LINES_AT_MOST = 2_000; // a caller may use one correlation id for ever

/**
 * The log lines of one correlation id, from the files that api and worker keep in development. In production they are in
 * CloudWatch, and this finds none. A line that is no JSON (cut by a kill) is passed over: it belongs to no request.
 */
export async function findLogLines(directory: string, correlationId: string): Promise<LogLine[]> {
  const found: LogLine[] = [];
  for (const file of await logFiles(directory)) {
    const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity });
    for await (const text of lines) {
      if (found.length >= LINES_AT_MOST) break;
      if (!text.includes(correlationId)) continue;
      const line = parse(text);
      if (line?.['trace_id'] === correlationId) found.push(line);
    }
    lines.close();
  }
  return found;
}

async function logFiles(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => name.includes('.jsonl')).map((name) => join(directory, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function parse(text: string): LogLine | undefined {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return undefined;
  }
}
