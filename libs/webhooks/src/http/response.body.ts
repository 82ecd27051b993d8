import type { IncomingMessage } from 'node:http';

const MAX_BYTES = 1024;

/**
 * Reads the first KiB of a body as text, then closes the connection. A body that ends early or never ends is no error, because the
 * status has decided the attempt. U+FFFD replaces bytes that are not UTF-8, and the character that PostgreSQL cannot store.
 */
export async function readStart(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= MAX_BYTES) break;
    }
  } catch {
    // The connection ended, or the deadline: the text so far is the result.
  }
  response.destroy();
  response.socket.destroy(); // else it stays open after a complete response if the server does not read the whole request
  const start = Buffer.concat(chunks).subarray(0, MAX_BYTES);
  return new TextDecoder().decode(start, { stream: true }).replaceAll('\0', '\uFFFD'); // `stream` omits half a character at the end
}
