import { Transform } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const READ_WITHIN_MS = 2_000; // the last lines, by whoever reads ours

/**
 * Passes on what the processes print, by whole lines: two writers of one pipe may cut each other's. A reader that is
 * slow slows them down, not us; one that is gone stops nothing.
 */
export class Output {
  #sources = new Set();

  constructor() {
    for (const stream of [process.stdout, process.stderr]) {
      stream.setMaxListeners(0);
      stream._handle?.setBlocking?.(false); // a pipe that nobody reads must not keep us from stopping
      stream.on('error', () => this.#sources.forEach((source) => source.resume())); // nobody reads any more: let them go on
    }
  }

  pass(child) {
    for (const name of ['stdout', 'stderr']) {
      const lines = child[name].pipe(wholeLines());
      this.#sources.add(lines);
      lines.once('close', () => this.#sources.delete(lines));
      if (process[name].writable) lines.pipe(process[name], { end: false });
      else lines.resume();
    }
  }

  /** Resolves when all that the ended processes printed has been read, or when nobody reads it. */
  async end() {
    const read = async () => {
      await Promise.allSettled([...this.#sources].map((source) => finished(source)));
      await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))));
    };
    await Promise.race([read(), sleep(READ_WITHIN_MS)]);
  }
}

const NEWLINE = 10;

function wholeLines() {
  let rest = [];
  return new Transform({
    transform(bytes, _encoding, done) {
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      if (end) {
        this.push(Buffer.concat([...rest, bytes.subarray(0, end)]));
        rest = [];
      }
      if (end < bytes.length) rest.push(bytes.subarray(end));
      done();
    },
    flush(done) {
      if (rest.length) this.push(Buffer.concat([...rest, Buffer.of(NEWLINE)]));
      done();
    },
  });
}
