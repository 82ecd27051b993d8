import { redactText } from '@pikaia/core';
import { StringDecoder } from 'node:string_decoder';

const MAX_PARTIAL_LINE_CHARS = 16 * 1_024; // UTF-16 units; a longer line without a newline becomes several records

type WriteCallback = (error?: Error | null) => void;

/**
 * Replaces `stream.write` so that each printed line is passed to `record`. Printed lines thus stay whole and keep their order
 * among the log records. Returns a function that passes on the last line if it has no newline.
 */
export function recordOutput(stream: NodeJS.WriteStream, record: (line: string) => void): () => void {
  const decoder = new StringDecoder();
  let partialLine = '';
  const recordLines = (text: string): void => {
    const lines = redactText(partialLine + text).split('\n'); // redacts before it splits: a private key spans lines
    partialLine = lines.pop()!;
    if (partialLine.length > MAX_PARTIAL_LINE_CHARS) {
      lines.push(partialLine);
      partialLine = '';
    }
    for (const line of lines) if (line.trim()) record(line);
  };
  stream.write = (chunk: string | Uint8Array, encoding?: BufferEncoding | WriteCallback, done?: WriteCallback): boolean => {
    const bytes = typeof chunk === 'string' && typeof encoding === 'string' ? Buffer.from(chunk, encoding) : chunk;
    recordLines(typeof bytes === 'string' ? bytes : decoder.write(Buffer.from(bytes)));
    const callback = typeof encoding === 'function' ? encoding : done;
    if (callback) process.nextTick(callback);
    return true;
  };
  return () => recordLines(partialLine ? '\n' : '');
}
