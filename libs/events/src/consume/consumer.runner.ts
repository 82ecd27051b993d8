import { context, newId, PikaiaError } from '@pikaia/core';
import { abortTransaction } from '@pikaia/database';
import { errorMessage, getLogger, maskLogLines, metric, queryStatsFields } from '@pikaia/logging';
import type { EventOf } from '../contract/envelope.js';
import { personalMask } from '../contract/personal-data.js';
import { eventMetrics } from '../metrics.js';
import type { ConsumerDefinition, HandlerDefinition, HandlerRoute } from './consumer.definition.js';
import { waitAtMost } from '../loop/wait-at-most.js';
import { parseData } from './event.parser.js';
import { readEvent, type ReceivedEnvelope } from './event.reader.js';
import type { ConnectionBudget } from './connection.budget.js';
import { HandlerRun } from './handler.run.js';
import { asPostponement, PostponeError } from './postpone.error.js';
import type { ReceiptKey, Receipts } from './receipts.js';

const logger = getLogger('consumer');

/** An event as the runner receives it from a sink or a queue. */
export interface IncomingEvent {
  readonly position: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly schemaVersion: number;
  readonly organizationId: string | null;
  readonly correlationId: string | null;
  /** The envelope, or its JSON text. */
  readonly payload: string | ReceivedEnvelope;
  readonly attempt: number;
  readonly replayed?: string;
}

export interface RunOptions {
  /**
   * The milliseconds after which this process certainly does not run, for example because its execution is limited. The claim of
   * an external effect then lasts that long. By default it is renewed while the handler runs.
   */
  readonly claimMs?: number;
}

/** Runs the handlers of one consumer, each in its own context, with its timeout and with a receipt. */
export class ConsumerRunner {
  /** The runs of this process by event and replay. A run outlives its timeout, so its handler never runs twice at a time. */
  private readonly runs = new Map<string, HandlerRun>();

  /** @param budget limits the transactions of handlers. Default: no limit. */
  constructor(
    readonly consumer: ConsumerDefinition,
    private readonly receipts: Receipts,
    private readonly budget?: ConnectionBudget,
  ) {}

  /**
   * Handles an event whose type the consumer handles.
   *
   * @returns `skipped` for a replay if the handler skips replays.
   * @throws PikaiaError `PIKAIA_EVENT_VERSION_UNKNOWN`, `PIKAIA_EVENT_UNREADABLE`, `PIKAIA_EVENT_UPCAST_FAILED` or
   * `PIKAIA_HANDLER_TIMEOUT`.
   * @throws PostponeError while another process handles the event, while its handler still runs here after its timeout, if the
   * handler could not be started, or if its receipt is late.
   * @throws the error of the handler.
   */
  run(event: IncomingEvent, options: RunOptions = {}): Promise<'handled' | 'skipped'> {
    const { name } = this.consumer;
    return context.run(
      {
        correlationId: event.correlationId ?? newId(),
        ...(event.organizationId === null ? {} : { organizationId: event.organizationId }),
        actor: { type: 'system', id: name },
        event: { id: event.eventId, type: event.eventType, consumer: name, attempt: event.attempt },
      },
      () => this.measure(event, options),
    );
  }

  /** Waits up to `timeoutMs` until no handler with an external effect runs and every receipt is written. */
  async settle(timeoutMs: number): Promise<void> {
    const external = [...this.runs.values()].filter(({ handler }) => handler.effect === 'external');
    await waitAtMost(Promise.all(external.map(({ ended }) => ended)), timeoutMs);
  }

  private async measure(event: IncomingEvent, options: RunOptions): Promise<'handled' | 'skipped'> {
    const dimensions = { consumer: this.consumer.name };
    const startedAt = performance.now();
    try {
      const outcome = await this.handle(event, options);
      metric(eventMetrics.consumerHandled, 1, dimensions);
      return outcome;
    } catch (error) {
      metric(asPostponement(error) ? eventMetrics.consumerPostponed : eventMetrics.consumerFailed, 1, dimensions);
      throw error;
    } finally {
      metric(eventMetrics.consumerDuration, performance.now() - startedAt, dimensions);
    }
  }

  private async handle(incoming: IncomingEvent, options: RunOptions): Promise<'handled' | 'skipped'> {
    const { handler, path } = this.routeOf(incoming);
    const { replayed, payload, eventId } = incoming;
    if (replayed !== undefined && handler.replay === 'skip') return 'skipped';
    const envelope = typeof payload === 'string' ? readEvent(payload) : payload;
    maskLogLines(personalMask(envelope));
    if (envelope.actor) context.bind({ event: { ...context.current!.event!, actor: envelope.actor } });
    const read = await parseData(path, envelope);
    const runId = `${eventId} ${replayed ?? ''}`;
    const current = this.runs.get(runId);
    if (current?.interruption) throw stillRunning(current.interruption);
    const event = { ...read, sequence: incoming.position, ...(replayed !== undefined && { replayed }) };
    const run = current ?? this.start(runId, handler, event, incoming, options);
    await run.outcome;
    return 'handled';
  }

  private start(
    runId: string,
    handler: HandlerDefinition,
    event: EventOf<object>,
    incoming: IncomingEvent,
    options: RunOptions,
  ): HandlerRun {
    const run = new HandlerRun(handler);
    this.runs.set(runId, run);
    run.begin(this.execute(run, handler, event, incoming, options));
    void run.ended.then(() => this.runs.delete(runId));
    return run;
  }

  /** Calls the handler with its receipt, and logs the success. @returns false if the event was already handled. */
  private async execute(
    run: HandlerRun,
    handler: HandlerDefinition,
    event: EventOf<object>,
    { eventId, eventType, correlationId, replayed }: IncomingEvent,
    { claimMs }: RunOptions,
  ): Promise<boolean> {
    const startedAt = performance.now();
    const { name: consumer } = this.consumer;
    const key: ReceiptKey = { consumer, eventId, correlationId, ...(replayed !== undefined && { replay: replayed }) };
    const call = (): Promise<unknown> => run.call((handlerCall) => handler.run(event, handlerCall));
    let isNew: boolean;
    try {
      isNew =
        handler.effect === 'database'
          ? await causedBy(eventId, () => this.inTransaction(run, key, call))
          : await this.receipts.aroundEffect(
              key,
              claimMs,
              () => causedBy(eventId, call),
              (error) => run.interrupt(receiptDelayed(error)),
            );
    } catch (error) {
      throw run.hasStarted ? error : notStarted(error);
    }
    if (isNew) {
      logger.info('event_delivered', {
        event_type: eventType,
        ...(event.upcast_from !== undefined && { upcast_from: event.upcast_from }),
        ...(replayed !== undefined && { replayed }),
        duration: Math.round((performance.now() - startedAt) * 1e6),
        ...queryStatsFields(),
      });
    } else logger.debug('event_handled_before', { event_type: eventType });
    return isNew;
  }

  /** Runs the handler in a transaction. At its timeout the transaction is ended, and its connection is free for other work. */
  private async inTransaction(run: HandlerRun, key: ReceiptKey, call: () => Promise<unknown>): Promise<boolean> {
    const release = await this.budget?.acquire(key.consumer);
    if (release) run.interrupted.catch(release); // the transaction has ended, even if its work never does
    try {
      return await this.receipts.inTransaction(key, async () => {
        try {
          await Promise.race([call(), run.interrupted]);
        } catch (error) {
          if (error === run.interruption) abortTransaction(run.interruption as PikaiaError);
          throw error;
        }
      });
    } finally {
      release?.();
    }
  }

  private routeOf({ eventType, schemaVersion }: IncomingEvent): HandlerRoute {
    const route = this.consumer.routeOf(eventType, schemaVersion);
    if (route) return route;
    throw new PikaiaError(
      'PIKAIA_EVENT_VERSION_UNKNOWN',
      `This process neither handles nor upcasts version ${schemaVersion} of ${eventType} in ${this.consumer.name}. Deploy a worker that does; the event waits for it.`,
    );
  }
}

/** Names the event as the cause of what `work` publishes. Work that outlives it, such as a timer of the handler, names none. */
async function causedBy<T>(causationId: string, work: () => Promise<T>): Promise<T> {
  context.bind({ causationId });
  try {
    return await work();
  } finally {
    context.bind({ causationId: undefined });
  }
}

const stillRunning = (cause: Error): PostponeError =>
  new PostponeError('The handler of this event still runs in this process, or its receipt is not written yet.', { cause });

const receiptDelayed = (cause: unknown): PostponeError =>
  new PostponeError('The handler has finished, and its receipt is not written yet.', { cause });

/** The handler was not called, so the error is not its fault: the event is postponed, whatever the error is. */
const notStarted = (error: unknown): PostponeError =>
  error instanceof PostponeError
    ? error
    : new PostponeError(`The handler was not started: ${errorMessage(error)}`, { cause: error });
