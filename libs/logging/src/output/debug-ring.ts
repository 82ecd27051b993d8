import { context, type ContextScope } from '@pikaia/core';

const LIMIT = 64 * 1_024; // bytes held for one request; the oldest lines go first
const RING = Symbol('pikaia.logging.debug-ring');

/** The DEBUG lines of one request, as text, until its end shows whether anybody wants them. */
export class DebugRing {
  private lines: string[] | undefined; // most requests say nothing at DEBUG
  private bytes = 0;
  private dropped = 0;
  private closed = false;

  keep(line: string): void {
    if (this.closed) return;
    this.lines ??= [];
    this.lines.push(line);
    this.bytes += Buffer.byteLength(line);
    while (this.bytes > LIMIT) {
      this.bytes -= Buffer.byteLength(this.lines.shift()!);
      this.dropped++;
    }
  }

  /** Empties it for good: what the request's timers say later is kept no more. */
  close(): { readonly lines: readonly string[]; readonly dropped: number } {
    const { lines = [], dropped } = this;
    this.lines = undefined;
    this.closed = true;
    return { lines, dropped };
  }
}

/** A ring for a context: all that shares its scope shares the ring; a context of its own inside has none. */
export function openRing(scope: ContextScope): DebugRing {
  const ring = new DebugRing();
  scope[RING] = ring;
  return ring;
}

export const currentRing = (): DebugRing | undefined => context.scope?.[RING] as DebugRing | undefined;
