import type { LeaderTask } from './leader.task.js';
import type { Entry, Lanes } from './lanes.js';
import type { OutcomeHandler } from './outcome.handler.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import { waitAtMost } from '../loop/wait-at-most.js';
import type { PassLimits } from './pass.limits.js';
import { handlesType, type Outcome, type SinkLimits } from './sink.js';
import type { RelayContext } from './relay.context.js';

/** Sends events to the sink. Keeps up to `maxConcurrency` calls in flight, and one while the circuit is half-open. */
export class Dispatcher implements LeaderTask {
  private readonly inFlight = new Set<Promise<void>>();
  private stopped = false;
  private discarding = false;

  constructor(
    private readonly relay: Pick<RelayContext, 'sink' | 'clock' | 'wake' | 'passLimits'>,
    private readonly lanes: Lanes,
    private readonly breaker: CircuitBreaker,
    private readonly outcomeHandler: OutcomeHandler,
    private readonly maySend: () => boolean,
  ) {}

  /** Starts every call that the limits, the circuit breaker and the lanes allow now. */
  step(): void {
    if (!this.maySend()) return;
    const { clock, sink, passLimits } = this.relay;
    this.lanes.releaseDelayed(clock.monotonic());
    while (!this.stopped && !this.breaker.openForMs && this.inFlight.size < this.maxConcurrency) {
      const batch = this.lanes.takeReady(passLimits ? within(passLimits, sink.limits) : sink.limits);
      if (!batch.length) return;
      passLimits?.noteSent(batch.length);
      const handled = sink.types ? this.postponeOthers(batch) : batch;
      if (!handled.length) continue;
      const sent: Promise<void> = this.send(handled).finally(() => {
        this.inFlight.delete(sent);
        this.relay.wake();
      });
      this.inFlight.add(sent);
    }
  }

  /** Milliseconds until a paused call can start. Infinity if only an outcome or a read can make one startable. */
  get dueInMs(): number {
    if (!this.maySend()) return Infinity;
    return this.breaker.openForMs || Math.max(0, this.lanes.nextDelayedAt - this.relay.clock.monotonic());
  }

  get inFlightCount(): number {
    return this.inFlight.size;
  }

  /** True if nothing can be sent until the circuit breaker or the delay of every held entry expires. */
  get isBackingOff(): boolean {
    if (this.inFlight.size) return false;
    return this.breaker.openForMs > 0 || (this.lanes.nextDelayedAt < Infinity && !this.lanes.hasReady);
  }

  /** Starts no further calls. Calls in flight continue. */
  stopSending(): void {
    this.stopped = true;
  }

  /** Discards the results of calls that are still in flight. */
  discardResults(): void {
    this.discarding = true;
  }

  /** Waits up to `timeoutMs` for the calls in flight. Call `stopSending` before. */
  async drain(timeoutMs: number): Promise<void> {
    await waitAtMost(Promise.all(this.inFlight), timeoutMs);
  }

  /** `limits` can change between calls. While the circuit is half-open, one call is allowed. */
  private get maxConcurrency(): number {
    return this.breaker.needsProbe ? 1 : this.relay.sink.limits.maxConcurrency;
  }

  /** Postpones the entries of types that only a newer worker handles. Hot path: returns the batch itself if there are none. */
  private postponeOthers(batch: readonly Entry[]): readonly Entry[] {
    const { sink } = this.relay;
    if (batch.every(({ event }) => handlesType(sink, event.eventType))) return batch;
    return batch.filter((entry) => {
      const isHandled = handlesType(sink, entry.event.eventType);
      if (!isHandled) this.outcomeHandler.waitForNewerWorker(entry);
      return isHandled;
    });
  }

  private async send(batch: readonly Entry[]): Promise<void> {
    const startedAt = this.relay.clock.monotonic();
    const outcomes = await this.deliver(batch);
    if (!this.discarding) this.outcomeHandler.handleCall(batch, outcomes, startedAt);
  }

  private async deliver(batch: readonly Entry[]): Promise<readonly Outcome[]> {
    const { sink } = this.relay;
    try {
      const outcomes = await sink.deliver(batch.map(({ event }) => event));
      if (outcomes.length === batch.length) return outcomes;
      throw new Error(`Sink ${sink.name} returned ${outcomes.length} outcomes for ${batch.length} entries.`);
    } catch (error) {
      return batch.map((): Outcome => ({ kind: 'transport', error }));
    }
  }
}

const within = ({ remainingEvents }: PassLimits, limits: SinkLimits): SinkLimits => ({
  ...limits,
  maxBatchEvents: Math.max(0, Math.min(limits.maxBatchEvents, remainingEvents)),
});
