import type { Clock, PikaiaError } from '@pikaia/core';
import { OutboxRelay, type RelayHealth, type RelayTiming } from './outbox.relay.js';
import { registerSinks } from './register-sinks.js';
import { COMMAND_MESSAGE } from '../record/outbox-channel.js';
import type { Sink } from './sink.js';
import { WakeUp } from './wake-up.js';

export interface OutboxRelaysOptions extends RelayTiming {
  readonly url: string;
  readonly worker: string;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** As in RelayOptions. */
  readonly failedRetentionMs?: number;
  readonly expiryIntervalMs?: number;
  readonly onFatal?: (error: PikaiaError) => void;
}

/** The relays of a process, one a sink, and the connection on which all of them are woken. */
export class OutboxRelays {
  private readonly relays: OutboxRelay[];
  private readonly wakeUp: WakeUp;

  constructor(
    private readonly sinks: readonly Sink[],
    private readonly options: OutboxRelaysOptions,
  ) {
    const leads = () => this.relays.filter((relay) => relay.health().state === 'leading').length;
    this.relays = sinks.map((sink) => new OutboxRelay({ ...options, sink, leads }));
    const wake = (relay: OutboxRelay) => relay.wake();
    const wakeForCommand = (relay: OutboxRelay) => relay.wakeForCommand();
    this.wakeUp = new WakeUp(
      options.url,
      (message) => this.relays.forEach(message === COMMAND_MESSAGE ? wakeForCommand : wake),
      options.random,
    );
  }

  /** @throws PikaiaError `PIKAIA_OUTBOX_RESTORED` when the database is a restored dump; nothing runs then. */
  async start(): Promise<void> {
    await registerSinks(this.options.url, this.sinks, this.options.worker);
    for (const relay of this.relays) relay.start();
    this.wakeUp.start();
  }

  /** Finishes what is in hand, for at most so many milliseconds. */
  async stop(withinMs?: number): Promise<void> {
    await Promise.all([this.wakeUp.stop(), ...this.relays.map((relay) => relay.stop(withinMs))]);
  }

  /** For readiness: what each sink's relay does in this process. Asks nobody. */
  health(): RelayHealth[] {
    return this.relays.map((relay) => relay.health());
  }
}
