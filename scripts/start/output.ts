import type { ChildProcess } from 'node:child_process';
import { Transform } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const FLUSH_TIMEOUT_MS = 2_000;

/** The handle of a stream, which Node does not document. */
interface WithHandle {
  readonly _handle?: { setBlocking?(blocking: boolean): void };
}

/**
 * Forwards the output of the child processes line by line, so that lines of two processes do not mix. A slow reader slows
 * the children down, but not this process. If the reader has gone, output is discarded.
 */
export class Output {
  readonly #sources = new Set<Transform>();
  /** While true, lines of `stdout` are discarded. */
  isMuted = false;

  constructor() {
    for (const stream of [process.stdout, process.stderr]) {
      stream.setMaxListeners(0);
      (stream as WithHandle)._handle?.setBlocking?.(false); // a pipe without a reader must not block the shutdown
      stream.on('error', () => this.#sources.forEach((source) => source.resume())); // the reader has gone: discard the output
    }
  }

  /** @param child a process whose `stdout` and `stderr` are pipes. */
  forward(child: ChildProcess): void {
    for (const name of ['stdout', 'stderr'] as const) {
      const lines = child[name]!.pipe(wholeLines(() => name === 'stdout' && this.isMuted));
      this.#sources.add(lines);
      lines.once('close', () => this.#sources.delete(lines));
      if (process[name].writable) lines.pipe(process[name], { end: false });
      else lines.resume();
    }
  }

  /** Resolves when the output of the ended processes has been written, or after 2 seconds. */
  async end(): Promise<void> {
    const read = async () => {
      await Promise.allSettled([...this.#sources].map((source) => finished(source)));
      await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))));
    };
    await Promise.race([read(), sleep(FLUSH_TIMEOUT_MS)]);
  }
}

const NEWLINE = 10;

function wholeLines(isDiscarded: () => boolean): Transform {
  let partialLine: Buffer[] = [];
  return new Transform({
    transform(bytes: Buffer, _encoding, done) {
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      if (end) {
        if (!isDiscarded()) this.push(Buffer.concat([...partialLine, bytes.subarray(0, end)]));
        partialLine = [];
      }
      if (end < bytes.length) partialLine.push(bytes.subarray(end));
      done();
    },
    flush(done) {
      if (partialLine.length) this.push(Buffer.concat([...partialLine, Buffer.of(NEWLINE)]));
      done();
    },
  });
}
