import type { FileHandle } from 'node:fs/promises';

const CHUNK_BYTES = 64 * 1_024;
const NEWLINE = 10;

/** Some consecutive lines of a file, the last one first. */
export interface LineBlock {
  readonly lines: readonly string[];
  /** The bytes that were read for them. */
  readonly bytes: number;
}

/** Reads the lines of a file from `end`, which is the start of a line or the end of the file, back to its beginning. */
export async function* readLinesBackward(file: FileHandle, end: number): AsyncGenerator<LineBlock, void, void> {
  let rest = Buffer.alloc(0); // of a line that begins before the chunk
  for (let start = end; start > 0;) {
    const bytes = Math.min(CHUNK_BYTES, start);
    start -= bytes;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, start);
    if (bytesRead < bytes) return; // the file was truncated meanwhile
    const chunk = Buffer.concat([buffer, rest]);
    const first = start === 0 ? 0 : chunk.indexOf(NEWLINE) + 1;
    const hasLine = start === 0 || first > 0;
    rest = hasLine ? chunk.subarray(0, first) : chunk;
    yield { lines: hasLine ? chunk.toString('utf8', first).split('\n').reverse() : [], bytes };
  }
}

/**
 * Finds the line at which a backward read of a file can begin, by a binary search: the lines after it are newer than `time`. The times
 * must be ISO 8601 in UTC and in order. Returns the start of a line or the size.
 */
export async function findEndBefore(
  file: FileHandle,
  size: number,
  time: string,
  timeOf: (line: string) => string | undefined,
): Promise<number> {
  let older = 0;
  let newer = size;
  while (newer - older > CHUNK_BYTES) {
    const middle = older + Math.floor((newer - older) / 2);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, middle);
    const first = buffer.indexOf(NEWLINE) + 1;
    const next = buffer.indexOf(NEWLINE, first);
    if (first === 0 || next < 0 || next >= bytesRead || middle + first >= newer) break; // the lines are too long
    const found = timeOf(buffer.toString('utf8', first, next));
    if (found === undefined) break;
    if (found > time) newer = middle + first;
    else older = middle;
  }
  return newer;
}
