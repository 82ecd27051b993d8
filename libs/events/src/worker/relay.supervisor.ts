import { systemClock } from '@pikaia/core';
import { SinkMonitor, type LeaderlessSink } from './sink.monitor.js';
import { SinkRelay, type RelayHealth, type RelayOptions } from '../leader/sink.relay.js';
import { registerSinks } from '../log/register-sinks.js';
import { runPass, type PassOptions, type PassResult } from './relay.pass.js';
import { requireDestinations } from './require-destinations.js';
import { COMMAND_MESSAGE } from '../log/outbox-channel.js';
import type { Sink } from '../delivery/sink.js';
import { NotificationListener } from './notification.listener.js';
import { WorkerReport, type WorkerDescription } from './worker.report.js';

export interface RelaySupervisorOptions
  extends Omit<RelayOptions, 'sink' | 'ledSinkCount'>, Pick<WorkerDescription, 'version' | 'nextHousekeepingInMs'> {
  /** Milliseconds without a leader after which a sink is reported. Default: 1 minute. */
  readonly leaderlessAlarmMs?: number;
}

/** Runs one relay for each sink of the process, and the shared connection that wakes them. */
export class RelaySupervisor {
  private readonly relays: SinkRelay[];
  private readonly listener: NotificationListener;
  private readonly monitor: SinkMonitor;
  private passes: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly sinks: readonly Sink[],
    private readonly options: RelaySupervisorOptions,
  ) {
    const ledSinkCount = () => this.relays.filter((relay) => relay.health().state === 'leading').length;
    this.relays = sinks.map((sink) => new SinkRelay({ ...options, sink, ledSinkCount }));
    const { url, clock = systemClock, leaderlessAlarmMs = 60_000 } = options;
    const names = sinks.map(({ name }) => name);
    const report = new WorkerReport({ ...options, sinks: names });
    this.monitor = new SinkMonitor({ url, ownSinks: new Set(names), leaderlessAlarmMs, clock, report });
    this.listener = new NotificationListener(url, (message) => this.wake(message), options.random);
  }

  /**
   * Starts nothing if it throws.
   *
   * @throws PikaiaError `PIKAIA_OUTBOX_RESTORED` if the database is a restored dump,
   * `PIKAIA_SINK_DESTINATION_MISSING` if the destination of a sink does not exist.
   */
  async start(): Promise<void> {
    await requireDestinations(this.sinks);
    await registerSinks(this.options.url, this.sinks, this.options.worker);
    for (const relay of this.relays) relay.start();
    this.listener.start();
    this.monitor.start();
  }

  /**
   * Delivers what is due now, within limits, and releases every connection. Runs before `start` or instead of it. Calls run one after
   * another.
   *
   * @param drainTimeoutMs the time for calls in flight at the end.
   * @throws PikaiaError like `start`.
   */
  runOnce(options: PassOptions, drainTimeoutMs: number): Promise<PassResult> {
    const pass = this.passes.then(async () => {
      await requireDestinations(this.sinks);
      await registerSinks(this.options.url, this.sinks, this.options.worker);
      await this.monitor.runOnce();
      return runPass(this.relays, options, this.options.clock ?? systemClock, drainTimeoutMs);
    });
    this.passes = pass.catch(() => undefined); // the caller of this pass handles its error
    return pass;
  }

  /** Stops every relay and waits up to `timeoutMs` for its calls in flight. */
  async stop(timeoutMs?: number): Promise<void> {
    await Promise.all([this.listener.stop(), this.monitor.stop(), ...this.relays.map((relay) => relay.stop(timeoutMs))]);
    await this.passes;
  }

  /** Health of each relay in this process, for readiness. Runs no query. */
  health(): RelayHealth[] {
    return this.relays.map((relay) => relay.health());
  }

  /** Sinks in the database, of any worker, that have had no leader for `leaderlessAlarmMs`. */
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
