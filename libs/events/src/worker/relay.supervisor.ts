import { systemClock, type Clock, type PikaiaError } from '@pikaia/core';
import { SinkMonitor, type LeaderlessSink } from './sink.monitor.js';
import { SinkRelay, type RelayHealth, type RelayTiming } from '../leader/sink.relay.js';
import { registerSinks } from '../log/register-sinks.js';
import { requireDestinations } from './require-destinations.js';
import { COMMAND_MESSAGE } from '../log/outbox-channel.js';
import type { Sink } from '../delivery/sink.js';
import { NotificationListener } from './notification.listener.js';

export interface RelaySupervisorOptions extends RelayTiming {
  readonly url: string;
  readonly worker: string;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** As in RelayOptions. */
  readonly failedRetentionMs?: number;
  readonly expiryIntervalMs?: number;
  /** Milliseconds without a leader after which a sink is reported. Default a minute. */
  readonly leaderlessAlarmMs?: number;
  readonly onFatal?: (error: PikaiaError) => void;
}

/** The relays of a process, one a sink, and the connection on which all of them are woken. */
export class RelaySupervisor {
  private readonly relays: SinkRelay[];
  private readonly listener: NotificationListener;
  private readonly monitor: SinkMonitor;

  constructor(
    private readonly sinks: readonly Sink[],
    private readonly options: RelaySupervisorOptions,
  ) {
    const ledSinkCount = () => this.relays.filter((relay) => relay.health().state === 'leading').length;
    this.relays = sinks.map((sink) => new SinkRelay({ ...options, sink, ledSinkCount }));
    const { url, worker, clock = systemClock, leaderlessAlarmMs = 60_000 } = options;
    this.monitor = new SinkMonitor({ url, worker, ownSinks: new Set(sinks.map(({ name }) => name)), leaderlessAlarmMs, clock });
    this.listener = new NotificationListener(url, (message) => this.wake(message), options.random);
  }

  /**
   * @throws PikaiaError `PIKAIA_OUTBOX_RESTORED` when the database is a restored dump,
   * `PIKAIA_SINK_DESTINATION_MISSING` when a sink leads nowhere; nothing runs then.
   */
  async start(): Promise<void> {
    await requireDestinations(this.sinks);
    await registerSinks(this.options.url, this.sinks, this.options.worker);
    for (const relay of this.relays) relay.start();
    this.listener.start();
    this.monitor.start();
  }

  /** Finishes what is in hand, for at most so many milliseconds. */
  async stop(withinMs?: number): Promise<void> {
    await Promise.all([this.listener.stop(), this.monitor.stop(), ...this.relays.map((relay) => relay.stop(withinMs))]);
  }

  /** For readiness: what each sink's relay does in this process. Asks nobody. */
  health(): RelayHealth[] {
    return this.relays.map((relay) => relay.health());
  }

  /** Sinks of the database that nobody has led for a while, whichever worker they belong to. */
  leaderless(): LeaderlessSink[] {
    return this.monitor.leaderless;
  }

  private wake(message: string | undefined): void {
    const isCommand = message === COMMAND_MESSAGE;
    for (const relay of this.relays) {
      if (isCommand) relay.wakeForCommand();
      else relay.wake();
    }
    if (isCommand) this.monitor.wake();
  }
}
