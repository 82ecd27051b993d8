import { Inject, Injectable } from '@nestjs/common';
import { context, newId, PikaiaError } from '@pikaia/core';
import { currentManager, queryJsonPage, Transactional, writeInTransaction } from '@pikaia/database';
import { COMMAND_MESSAGE, OUTBOX_CHANNEL } from '../log/outbox-channel.js';
import type { CommandName, ReplayArguments, ReplayFilter } from '../commands/command.js';
import { commandView, type CommandPage, type CommandPlace, type CommandView, type FoundCommand } from './command.view.js';
import { OperationsAudit, type OperationRequest } from './operations-audit.js';
import { FIND_COMMAND, FIND_EVENT, FIND_SINKS, FIND_BLOCKED_SINKS, INSERT_COMMANDS, LIST_COMMANDS } from './operations.sql.js';
import { previewReplay, type SinkPreview } from './replay.preview.js';
import type { SinkState } from '../log/sink-state.js';

/** The organization whose events a command may affect. Undefined: all organizations. */
export interface OperationScope {
  readonly organizationId?: string;
}

/** Why a person gives a command, in their own words. It is stored with the command and audited. */
export interface OperationReason {
  readonly reason?: string | undefined;
}

type EventOperation = OperationScope & OperationReason & { readonly sink?: string };

/** The events of a replay and their sinks. */
export interface ReplaySelection extends OperationScope {
  readonly filter: ReplayFilter;
  /** One sink. Default: every sink that is not retired. */
  readonly sink?: string | undefined;
}

/** The arguments of `OutboxOperations.replay`. */
export interface ReplayRequest extends ReplaySelection, OperationReason {
  /** True: counts the events and sends nothing. */
  readonly dryRun: boolean;
  /** The maximum number of events at each sink. Default: all that match. */
  readonly limit?: number;
  /** The maximum number of events per second at each sink. Default: as fast as the sink accepts them. */
  readonly rate?: number;
}

interface ActiveSink {
  readonly name: string;
  readonly state: SinkState;
}

/** Selects commands for `OutboxOperations.list`. */
export interface CommandSelection extends OperationScope {
  /** `next` of the previous page, for the same selection. */
  readonly before?: CommandPlace | undefined;
  readonly command?: CommandName | undefined;
  /** True: only commands that at least one sink has not answered. */
  readonly open?: boolean;
}

/**
 * Sends commands to the outbox. Each call records a command and audits it in the same transaction. The leader of each sink
 * executes the command when a notification arrives, or else within its polling interval, and stores its answer in the row.
 */
@Injectable()
export class OutboxOperations {
  constructor(@Inject(OperationsAudit) private readonly audit: OperationsAudit) {}

  /**
   * Pauses a sink until `resume`. The sink keeps its leader, which reads and sends nothing.
   *
   * @throws PikaiaError `PIKAIA_OUTBOX_SINK_UNKNOWN`, `PIKAIA_OUTBOX_SINK_RETIRED`.
   */
  pause(sink: string, { reason }: OperationReason = {}): Promise<CommandView> {
    return this.recordSinkCommand('pause', sink, {}, reason);
  }

  /**
   * Resumes a sink from its cursor.
   *
   * @throws PikaiaError `PIKAIA_OUTBOX_SINK_UNKNOWN`, `PIKAIA_OUTBOX_SINK_RETIRED`.
   */
  resume(sink: string, { reason }: OperationReason = {}): Promise<CommandView> {
    return this.recordSinkCommand('resume', sink, {}, reason);
  }

  /**
   * Retires a sink permanently, for example after its consumer was renamed or its destination was replaced. Pause a sink first if
   * a worker delivers to it.
   *
   * @throws PikaiaError `PIKAIA_OUTBOX_SINK_UNKNOWN`, `PIKAIA_OUTBOX_SINK_RETIRED`.
   */
  retire(sink: string, { reason }: OperationReason = {}): Promise<CommandView> {
    return this.recordSinkCommand('retire', sink, {}, reason);
  }

  /**
   * Drops an event type that a sink registered and that no worker handles any more. Its open deliveries are skipped, and later
   * events of the type are not wanted. A worker that handles the type registers it again when it starts.
   *
   * @throws PikaiaError `PIKAIA_OUTBOX_SINK_UNKNOWN`, `PIKAIA_OUTBOX_SINK_RETIRED`.
   */
  dropType(sink: string, eventType: string, { reason }: OperationReason = {}): Promise<CommandView> {
    return this.recordSinkCommand('drop_type', sink, { event_type: eventType }, reason);
  }

  /**
   * Skips an event that blocks its aggregate, at one sink or at all sinks that it blocks. The next event of the aggregate is then
   * attempted.
   *
   * @throws PikaiaError `PIKAIA_OUTBOX_EVENT_UNKNOWN`, `PIKAIA_OUTBOX_NOTHING_TO_SKIP`.
   */
  @Transactional()
  async skip(eventId: string, { sink, reason, ...scope }: EventOperation = {}): Promise<CommandView> {
    await this.requireEvent(eventId, scope);
    const sinks = await this.query<{ sink: string }>(FIND_BLOCKED_SINKS, [eventId, sink ?? null]);
    if (!sinks.length) {
      throw new PikaiaError(
        'PIKAIA_OUTBOX_NOTHING_TO_SKIP',
        `Event ${eventId} holds nothing back${sink === undefined ? '' : ` at ${sink}`}: you can skip only an event that a sink refused or that waits behind a refused event.`,
      );
    }
    const about = { type: 'event', id: eventId } as const;
    const blocked = sinks.map((row) => row.sink);
    return this.recordCommand(
      { commandId: newId(), command: 'skip', about, sinks: blocked, arguments: { event_id: eventId }, reason },
      scope,
    );
  }

  /**
   * Replays one event: sends it again to the sinks that received it, and retries its dead letters.
   *
   * @throws PikaiaError `PIKAIA_OUTBOX_EVENT_UNKNOWN`, `PIKAIA_OUTBOX_SINK_UNKNOWN`, `PIKAIA_OUTBOX_SINK_RETIRED`.
   */
  @Transactional()
  async replayOne(eventId: string, { sink, reason, ...scope }: EventOperation = {}): Promise<CommandView> {
    await this.requireEvent(eventId, scope);
    const values: ReplayArguments = { filter: { event_id: eventId }, dry_run: false, limit: null, rate: null };
    const sinks = namesOf(await this.activeSinks(sink));
    const about = { type: 'event', id: eventId } as const;
    return this.recordCommand({ commandId: newId(), command: 'replay', about, sinks, arguments: { ...values }, reason }, scope);
  }

  /**
   * Replays all events that match the filter. A dry run only counts them, exactly.
   *
   * @throws PikaiaError `PIKAIA_OUTBOX_SINK_UNKNOWN`, `PIKAIA_OUTBOX_SINK_RETIRED`.
   */
  @Transactional()
  async replay({ filter, sink, dryRun, limit, rate, reason, ...scope }: ReplayRequest): Promise<CommandView> {
    const values: ReplayArguments = { filter, dry_run: dryRun, limit: limit ?? null, rate: rate ?? null };
    const sinks = namesOf(await this.activeSinks(sink));
    const expected = dryRun ? undefined : (await this.previewReplay({ filter, sink, ...scope })).map(expectedOf(limit));
    const commandId = newId();
    const about = { type: 'events', id: commandId } as const;
    return this.recordCommand({ commandId, command: 'replay', about, sinks, arguments: { ...values }, reason }, scope, expected);
  }

  /**
   * Counts what a replay would send to each sink now. Unlike a dry run, it writes nothing, needs no worker, and stops at 10,000 events:
   * see `SinkPreview`.
   *
   * @throws PikaiaError `PIKAIA_OUTBOX_SINK_UNKNOWN`, `PIKAIA_OUTBOX_SINK_RETIRED`.
   */
  async previewReplay({ filter, sink, organizationId }: ReplaySelection): Promise<SinkPreview[]> {
    const scoped = organizationId === undefined ? filter : { ...filter, organization_id: organizationId };
    const previews: SinkPreview[] = [];
    for (const { name, state } of await this.activeSinks(sink))
      previews.push({ sink: name, state, ...(await previewReplay(name, scoped)) });
    return previews;
  }

  /**
   * Cancels a replay at each sink that has not ended it. Events that are in flight are still delivered.
   *
   * @throws PikaiaError `PIKAIA_OUTBOX_COMMAND_UNKNOWN`, `PIKAIA_OUTBOX_NOTHING_TO_CANCEL`.
   */
  @Transactional()
  async cancel(id: string, { reason, ...scope }: OperationScope & OperationReason = {}): Promise<CommandView> {
    const replay = await this.find(id, scope);
    if (!replay) throw new PikaiaError('PIKAIA_OUTBOX_COMMAND_UNKNOWN', `There is no command ${id}, or it is no longer kept.`);
    const sinks = replay.sinks.filter(({ answer }) => answer === null).map(({ sink }) => sink);
    if (replay.command !== 'replay' || !sinks.length)
      throw new PikaiaError(
        'PIKAIA_OUTBOX_NOTHING_TO_CANCEL',
        `The command ${id} is ${replay.command === 'replay' ? 'a replay that has ended' : `no replay, but ${replay.command}`}.`,
      );
    const about = { type: 'events', id } as const;
    return this.recordCommand(
      { commandId: newId(), command: 'cancel', about, sinks, arguments: { command_id: id }, reason },
      scope,
    );
  }

  /** Returns a command and its progress. Undefined if there is no such command in this scope. */
  async find(id: string, { organizationId }: OperationScope = {}): Promise<CommandView | undefined> {
    const { rows } = await queryJsonPage<FoundCommand>(currentManager(), FIND_COMMAND, [organizationId ?? null, id]);
    return rows[0] && commandView(rows[0]);
  }

  /**
   * Returns a page of the commands of this scope, newest first. A page has at most 1 MiB, as JSON.
   */
  async list(limit: number, { organizationId, before, command, open = false }: CommandSelection = {}): Promise<CommandPage> {
    const values = [organizationId ?? null, limit + 1, before?.[0] ?? null, before?.[1] ?? null, command ?? null, open];
    const { rows, selected } = await queryJsonPage<FoundCommand>(currentManager(), LIST_COMMANDS, values);
    const found = rows.slice(0, limit);
    const last = found.at(-1);
    return { data: found.map(commandView), next: last && selected > found.length ? [last.asked_us, last.id] : null };
  }

  @Transactional()
  private async recordSinkCommand(
    command: 'pause' | 'resume' | 'retire' | 'drop_type',
    sink: string,
    values: Readonly<Record<string, unknown>>,
    reason: string | undefined,
  ): Promise<CommandView> {
    const sinks = namesOf(await this.activeSinks(sink));
    const about = { type: 'sink', id: sink } as const;
    return this.recordCommand({ commandId: newId(), command, about, sinks, arguments: values, reason }, {});
  }

  /** @param expected the number of events that match at each sink; null where it is not known. */
  private async recordCommand(
    request: OperationRequest,
    { organizationId }: OperationScope,
    expected: readonly (number | null)[] = [],
  ): Promise<CommandView> {
    const { commandId, command, sinks, arguments: values, reason } = request;
    const parameters = [
      commandId,
      sinks,
      command,
      JSON.stringify(values),
      organizationId ?? null,
      context.actor?.id ?? 'unknown',
      context.correlationId,
      OUTBOX_CHANNEL,
      COMMAND_MESSAGE,
      reason ?? null,
      expected,
    ];
    await writeInTransaction((manager) => manager.query(INSERT_COMMANDS, parameters), transactionRequired);
    await this.audit.record(request);
    return (await this.find(commandId))!;
  }

  private async activeSinks(name: string | undefined): Promise<ActiveSink[]> {
    const sinks = await this.query<ActiveSink>(FIND_SINKS, [name ?? null]);
    const active = sinks.filter(({ state }) => state !== 'retired');
    if (active.length) return active;
    throw sinks.length
      ? new PikaiaError('PIKAIA_OUTBOX_SINK_RETIRED', `The sink ${name} is retired and accepts no commands.`)
      : new PikaiaError(
          'PIKAIA_OUTBOX_SINK_UNKNOWN',
          `There is no sink ${name ?? 'at all'}. To list the sinks, run npm run outbox -- status, or request GET /admin/outbox. A worker registers its sinks when it starts.`,
        );
  }

  private async requireEvent(eventId: string, { organizationId }: OperationScope): Promise<void> {
    const found = await this.query<unknown>(FIND_EVENT, [eventId, organizationId ?? null]);
    if (found.length) return;
    throw new PikaiaError('PIKAIA_OUTBOX_EVENT_UNKNOWN', `There is no event ${eventId}, or it is no longer kept.`);
  }

  /** For statements whose columns are all text. */
  private query<Row>(sql: string, values: unknown[]): Promise<Row[]> {
    return currentManager().query(sql, values);
  }
}

const namesOf = (sinks: readonly ActiveSink[]): string[] => sinks.map(({ name }) => name);

const expectedOf =
  (limit = Infinity) =>
  ({ event_types: types, is_capped: isCapped }: SinkPreview): number | null => {
    const matched = types.reduce((sum, type) => sum + type.matched, 0);
    return isCapped ? null : Math.min(matched, limit);
  };

const transactionRequired = (): PikaiaError =>
  new PikaiaError('PIKAIA_TRANSACTION_REQUIRED', 'A command must be recorded inside a transaction.');
