import { redactText } from '@pikaia/core';
import { StringDecoder } from 'node:string_decoder';

const MAX_PARTIAL_LINE_CHARS = 16 * 1_024; // UTF-16 units of a line that does not end

type WriteCallback = (error?: Error | null) => void;

/**
 * Gives each line that others print to `stream` to `record` instead, so that their text goes the way of the records:
 * in order, whole, and in the same form. Returns what gives the rest, a last line without its end.
 */
export function recordOutput(stream: NodeJS.WriteStream, record: (line: string) => void): () => void {
  const decoder = new StringDecoder();
  let partialLine = '';
  const take = (text: string): void => {
    const lines = redactText(partialLine + text).split('\n'); // whole: a private key has many lines
    partialLine = lines.pop()!;
    if (partialLine.length > MAX_PARTIAL_LINE_CHARS) {
      lines.push(partialLine);
      partialLine = '';
    }
    for (const line of lines) if (line.trim()) record(line);
  };
  stream.write = (chunk: string | Uint8Array, encoding?: BufferEncoding | WriteCallback, done?: WriteCallback): boolean => {
    const bytes = typeof chunk === 'string' && typeof encoding === 'string' ? Buffer.from(chunk, encoding) : chunk;
    take(typeof bytes === 'string' ? bytes : decoder.write(Buffer.from(bytes)));
    const callback = typeof encoding === 'function' ? encoding : done;
    if (callback) process.nextTick(callback);
    return true;
  };
  return () => take(partialLine ? '\n' : '');
}
