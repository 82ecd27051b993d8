import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export type LogLine = Readonly<Record<string, unknown>>;

const LINES_AT_MOST = 2_000; // a caller may use one correlation id for ever

/**
 * The log lines of one correlation id, from the files that api and worker keep in development. In production they are in
 * CloudWatch, and this finds none. A line that is no JSON (cut by a kill) is passed over: it belongs to no request.
 */
export async function findLogLines(directory: string, correlationId: string): Promise<LogLine[]> {
  const found: LogLine[] = [];
  for (const file of await unlessMissing(readdir(directory), [])) {
    if (!file.includes('.jsonl')) continue;
    const handle = await unlessMissing(open(join(directory, file)), undefined); // it may have been rotated away by now
    for await (const text of handle?.readLines() ?? []) {
      if (found.length >= LINES_AT_MOST) break;
      if (!text.includes(correlationId)) continue;
      const line = parse(text);
      if (line?.['trace_id'] === correlationId) found.push(line);
    }
    await handle?.close();
  }
  return found;
}

async function unlessMissing<T, U>(reading: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise;
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
