import { Inject, Injectable } from '@nestjs/common';
import { context, newId, PikaiaError } from '@pikaia/core';
import { currentManager, queryJsonRows, Transactional, writeInTransaction } from '@pikaia/database';
import { COMMAND_MESSAGE, OUTBOX_CHANNEL } from '../log/outbox-channel.js';
import type { CommandName, ReplayArguments, ReplayFilter } from '../commands/command.js';
import { commandView, type CommandRow, type CommandView } from './command.view.js';
import { OperationsAudit, type OperationRequest } from './operations-audit.js';
import { FIND_COMMANDS, FIND_EVENT, FIND_SINKS, HELD_BY, INSERT_COMMANDS, LIST_COMMANDS } from './operations.sql.js';
import type { SinkState } from '../log/sink-state.js';

/** Of whom a command may touch events: undefined for all organizations. */
export interface OperationScope {
  readonly organizationId?: string;
}

export interface ReplayRequest extends OperationScope {
  readonly filter: ReplayFilter;
  /** Default: every sink that is not retired. */
  readonly sink?: string;
  /** Only counts. */
  readonly dryRun: boolean;
  readonly limit?: number;
  /** Events a second, at each sink. */
  readonly rate?: number;
}

/**
 * What people ask of the outbox. Each call records a command, audited in the same transaction; the leader of each sink
 * carries it out within its polling interval, or at once where notifications arrive, and answers in the row.
 */
@Injectable()
export class OutboxOperations {
  constructor(@Inject(OperationsAudit) private readonly audit: OperationsAudit) {}

  /**
   * The sink keeps its leader, which reads nothing and sends nothing until `resume`.
   *
   * @throws PikaiaError `PIKAIA_OUTBOX_SINK_UNKNOWN`, `PIKAIA_OUTBOX_SINK_RETIRED`.
   */
  pause(sink: string): Promise<CommandView> {
    return this.askSink('pause', sink);
  }

  /** @throws PikaiaError `PIKAIA_OUTBOX_SINK_UNKNOWN`, `PIKAIA_OUTBOX_SINK_RETIRED`. */
  resume(sink: string): Promise<CommandView> {
    return this.askSink('resume', sink);
  }

  /**
   * Gives a sink up for good: a consumer that was renamed, a destination that was replaced. One that a worker delivers to
   * has to be paused before.
   *
   * @throws PikaiaError `PIKAIA_OUTBOX_SINK_UNKNOWN`, `PIKAIA_OUTBOX_SINK_RETIRED`.
   */
  retire(sink: string): Promise<CommandView> {
    return this.askSink('retire', sink);
  }

  /**
   * Gives up an event that heads a blocked aggregate, at one sink or at all that hold it: the next one is tried.
   *
   * @throws PikaiaError `PIKAIA_OUTBOX_EVENT_UNKNOWN`, `PIKAIA_OUTBOX_NOTHING_TO_SKIP`.
   */
  @Transactional()
  async skip(eventId: string, { sink, ...scope }: OperationScope & { readonly sink?: string } = {}): Promise<CommandView> {
    await this.requireEvent(eventId, scope);
    const sinks = await this.query<{ sink: string }>(HELD_BY, [eventId, sink ?? null]);
    if (!sinks.length) {
      throw new PikaiaError(
        'PIKAIA_OUTBOX_NOTHING_TO_SKIP',
        `Event ${eventId} holds nothing back${sink === undefined ? '' : ` at ${sink}`}: only one that a sink refused, or that waits, can be skipped.`,
      );
    }
    const about = { type: 'event', id: eventId } as const;
    return this.ask({ command: 'skip', about, sinks: sinks.map((row) => row.sink), arguments: { event_id: eventId } }, scope);
  }

  /**
   * Sends one event again to the sinks that have had it, or tries its dead letters again.
   *
   * @throws PikaiaError `PIKAIA_OUTBOX_EVENT_UNKNOWN`, `PIKAIA_OUTBOX_SINK_UNKNOWN`, `PIKAIA_OUTBOX_SINK_RETIRED`.
   */
  @Transactional()
  async replayOne(eventId: string, { sink, ...scope }: OperationScope & { readonly sink?: string } = {}): Promise<CommandView> {
    await this.requireEvent(eventId, scope);
    const values: ReplayArguments = { filter: { event_id: eventId }, dry_run: false, limit: null, rate: null };
    const sinks = await this.activeSinks(sink);
    return this.ask({ command: 'replay', about: { type: 'event', id: eventId }, sinks, arguments: { ...values } }, scope);
  }

  /**
   * The same for all that match; a dry run counts them.
   *
   * @throws PikaiaError `PIKAIA_OUTBOX_SINK_UNKNOWN`, `PIKAIA_OUTBOX_SINK_RETIRED`.
   */
  @Transactional()
  async replay({ filter, sink, dryRun, limit, rate, ...scope }: ReplayRequest): Promise<CommandView> {
    const values: ReplayArguments = { filter, dry_run: dryRun, limit: limit ?? null, rate: rate ?? null };
    const sinks = await this.activeSinks(sink);
    return this.ask({ command: 'replay', about: { type: 'events', id: '' }, sinks, arguments: { ...values } }, scope);
  }

  /** How far a command is; undefined where there is none, or none of this scope. */
  async find(id: string, { organizationId }: OperationScope = {}): Promise<CommandView | undefined> {
    const rows = await this.commands([id], organizationId);
    return rows.length ? commandView(rows) : undefined;
  }

  /** The newest commands of this scope, at most so many. */
  async list(limit: number, { organizationId }: OperationScope = {}): Promise<CommandView[]> {
    const ids = await this.query<{ id: string }>(LIST_COMMANDS, [limit, organizationId ?? null]);
    const rows = await this.commands(
      ids.map(({ id }) => id),
      organizationId,
    );
    return ids.map(({ id }) => commandView(rows.filter((row) => row.id === id)));
  }

  @Transactional()
  private async askSink(command: CommandName, sink: string): Promise<CommandView> {
    const sinks = await this.activeSinks(sink);
    return this.ask({ command, about: { type: 'sink', id: sink }, sinks, arguments: {} }, {});
  }

  private async ask(request: Omit<OperationRequest, 'commandId'>, { organizationId }: OperationScope): Promise<CommandView> {
    const commandId = newId();
    const { command, sinks, arguments: values } = request;
    const about = request.about.type === 'events' ? { ...request.about, id: commandId } : request.about;
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
    ];
    await writeInTransaction((manager) => manager.query(INSERT_COMMANDS, parameters), outsideTransaction);
    await this.audit.record({ ...request, about, commandId });
    return commandView(await this.commands([commandId]));
  }

  private async activeSinks(name: string | undefined): Promise<string[]> {
    const sinks = await this.query<{ name: string; state: SinkState }>(FIND_SINKS, [name ?? null]);
    const active = sinks.filter(({ state }) => state !== 'retired').map((sink) => sink.name);
    if (active.length) return active;
    throw sinks.length
      ? new PikaiaError('PIKAIA_OUTBOX_SINK_RETIRED', `The sink ${name} was retired: nothing can be asked of it any more.`)
      : new PikaiaError(
          'PIKAIA_OUTBOX_SINK_UNKNOWN',
          `There is no sink ${name ?? 'at all'}. GET /admin/outbox lists those that there are; a worker registers its own when it starts.`,
        );
  }

  private async requireEvent(eventId: string, { organizationId }: OperationScope): Promise<void> {
    const found = await this.query<unknown>(FIND_EVENT, [eventId, organizationId ?? null]);
    if (found.length) return;
    throw new PikaiaError('PIKAIA_OUTBOX_EVENT_UNKNOWN', `There is no event ${eventId}, or it is no longer kept.`);
  }

  private commands(ids: readonly string[], organizationId?: string): Promise<CommandRow[]> {
    return queryJsonRows(currentManager(), FIND_COMMANDS, [ids, organizationId ?? null], ['asked_at', 'done_at']);
  }

  /** Its columns are text. */
  private query<Row>(sql: string, values: unknown[]): Promise<Row[]> {
    return currentManager().query(sql, values);
  }
}

const outsideTransaction = (): PikaiaError =>
  new PikaiaError('PIKAIA_TRANSACTION_REQUIRED', 'A command was to be recorded outside a transaction.');
