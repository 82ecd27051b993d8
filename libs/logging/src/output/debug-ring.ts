import { ContextSlot, type ContextScope } from '@pikaia/core';

const MAX_BYTES = 64 * 1_024; // bytes held for one request; the oldest lines go first

/** The lines of one request that are not written at once, as text, until its end shows whether anybody wants them. */
export class DebugRing {
  /** Whether it keeps the request's INFO lines too, beside those at DEBUG. */
  sampledOut = false;
  private lines: string[] | undefined; // most requests say nothing at DEBUG
  private bytes = 0;
  private dropped = 0;
  private closed = false;

  keep(line: string): void {
    if (this.closed) return;
    this.lines ??= [];
    this.lines.push(line);
    this.bytes += Buffer.byteLength(line);
    while (this.bytes > MAX_BYTES) {
      this.bytes -= Buffer.byteLength(this.lines.shift()!);
      this.dropped++;
    }
  }

  /**
   * Empties it for good: what the request's timers say later at DEBUG is kept no more. `wanted` says that the lines are
   * written; so are then those that come later at INFO.
   */
  close(wanted: boolean): { readonly lines: readonly string[]; readonly dropped: number } {
    const { lines = [], dropped } = this;
    this.lines = undefined;
    this.closed = true;
    if (wanted) this.sampledOut = false;
    return { lines, dropped };
  }
}

const slot = new ContextSlot(() => new DebugRing());

/** A ring for a context: all that shares its scope shares the ring; a context of its own inside has none. */
export function openRing(scope: ContextScope, sampledOut: boolean): DebugRing {
  const ring = slot.open(scope);
  ring.sampledOut = sampledOut;
  return ring;
}

export const currentRing = (): DebugRing | undefined => slot.peek();
