import { context, newId } from '@pikaia/core';
import type { LogCursor } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import type { ClientBase } from 'pg';
import type { InSameTransaction } from '../log/cursor.store.js';
import type { DeliveryIndex } from '../delivery/delivery.index.js';
import { markSkipped } from '../delivery/delivery.js';
import {
  done,
  failedBecause,
  refusedBecause,
  type CommandAnswer,
  type OpenCommand,
  type ReplayArguments,
} from '../commands/command.js';
import { problemWith } from '../commands/command.arguments.js';
import type { CommandFailures } from '../commands/command.failures.js';
import { ANSWER_COMMAND, OPEN_COMMANDS } from '../commands/command.sql.js';
import { DROP_TYPE, FIND_TYPE } from '../log/sink-types.sql.js';
import { handlesType } from '../delivery/sink.js';
import { BEGIN_REPLAY, CANCEL_REPLAY, FIND_OPEN_REPLAY } from '../commands/replay.sql.js';
import type { Store } from './replay.runner.js';
import { markActive, markPaused, markRetired } from '../commands/sink-state.js';
import type { SinkState } from '../log/sink-state.js';
import type { RelayContext } from '../delivery/relay.context.js';

const logger = getLogger('outbox');
const MAX_COMMANDS_PER_POLL = 20;

/** Result of a decision about a command. A replay has no answer yet: it is answered when it is done. */
interface Decision {
  /** Writes that belong to the command. They run in the transaction that stores the cursor. */
  readonly inSameTransaction?: InSameTransaction;
  readonly answer?: CommandAnswer;
  /** Runs after the commit. */
  readonly afterCommit?: () => void;
}

/**
 * Executes the commands of a sink in its leader. A command and its answer are written in the transaction that stores the
 * cursor. A command that cannot be executed is answered with the reason, and the leader continues.
 */
export class CommandExecutor {
  private droppedType = false;
  private canceled: string[] = [];

  constructor(
    private readonly relay: Pick<RelayContext, 'client' | 'sink'>,
    private readonly deliveryIndex: DeliveryIndex,
    private readonly failures: CommandFailures,
    private readonly store: Store,
    /** Returns the cursor that the next store writes. */
    private readonly cursor: () => LogCursor,
    /** The stored state. Only the sink's leader changes it. */
    private state: SinkState,
  ) {}

  /** True while nothing is read or sent, because the sink is paused or retired. */
  get isHalted(): boolean {
    return this.state !== 'active';
  }

  get isRetired(): boolean {
    return this.state === 'retired';
  }

  /** True once an event type was dropped in this term. */
  get hasDroppedType(): boolean {
    return this.droppedType;
  }

  /** Returns the replays that were canceled since the last call. */
  takeCanceledReplays(): readonly string[] {
    return this.canceled.splice(0);
  }

  /** Executes the open commands. @returns true if a command has to wait for a call in flight: poll again soon. */
  async executeOpenCommands(): Promise<boolean> {
    const { client, sink } = this.relay;
    const { rows } = await client.query<OpenCommand>({
      name: 'outbox-commands',
      text: OPEN_COMMANDS,
      values: [sink.name, MAX_COMMANDS_PER_POLL],
    });
    let waiting = false;
    for (const command of rows) {
      const { correlation_id: correlationId } = command;
      const isExecuted = await context.run({ correlationId: correlationId ?? newId() }, () => this.execute(command));
      waiting ||= !isExecuted;
    }
    return waiting;
  }

  private async execute(command: OpenCommand): Promise<boolean> {
    const { sink } = this.relay;
    // Store first, so that the table has the current state. A failed store ends the term, not the command.
    if (command.command === 'skip' && this.deliveryIndex.hasChanges) await this.store(() => Promise.resolve());
    const decision = await this.decideOrFail(command);
    if (!decision) return false;
    let { answer } = decision;
    await this.store(async (client) => {
      const reason = decision.inSameTransaction && (await this.runInSavepoint(client, command.id, decision.inSameTransaction));
      if (reason !== undefined) answer = failedBecause(reason);
      if (answer) await client.query(ANSWER_COMMAND, [command.id, sink.name, JSON.stringify(answer)]);
    });
    this.failures.succeeded(command.id);
    const { command: name, asked_by } = command;
    if (answer?.outcome === 'failed') {
      logger.warning('outbox_command_failed', { sink: sink.name, command: name, asked_by, reason: answer.reason });
      return true;
    }
    decision.afterCommit?.();
    logger.info('outbox_command_carried_out', { sink: sink.name, command: name, asked_by, ...(answer ?? { outcome: 'begun' }) });
    return true;
  }

  private async decideOrFail(command: OpenCommand): Promise<Decision | undefined> {
    const verdict = this.failures.verdictOn(command.id);
    if (verdict !== undefined) return { answer: failedBecause(verdict) };
    try {
      return await this.decide(command);
    } catch (error) {
      return { answer: failedBecause(this.failures.reasonFor(command.id, error)) };
    }
  }

  /**
   * Runs `work`. If it fails, rolls back its writes, so that the transaction can still store the cursor and the answer.
   *
   * @returns the reason of a failure.
   */
  private async runInSavepoint(client: ClientBase, id: string, work: InSameTransaction): Promise<string | undefined> {
    await client.query('savepoint command');
    try {
      await work(client);
      return undefined;
    } catch (error) {
      const reason = this.failures.reasonFor(id, error);
      await client.query('rollback to savepoint command');
      return reason;
    }
  }

  /** @returns undefined if the command has to wait. */
  private async decide(command: OpenCommand): Promise<Decision | undefined> {
    const problem = problemWith(command);
    if (problem !== undefined) return { answer: refusedBecause(problem) };
    switch (command.command) {
      case 'pause':
        return this.changeState('paused', markPaused);
      case 'resume':
        return this.changeState('active', markActive);
      case 'retire':
        return this.retire();
      case 'skip':
        return this.skip(command);
      case 'drop_type':
        return this.dropType(command);
      case 'replay':
        return this.beginReplay(command);
      case 'cancel':
        return this.cancelReplay(command);
    }
  }

  private changeState(state: SinkState, mark: (client: ClientBase, sink: string) => Promise<unknown>): Decision {
    if (this.state === state) return { answer: done({ unchanged: true }) };
    return {
      inSameTransaction: (client) => mark(client, this.relay.sink.name),
      answer: done(),
      afterCommit: () => (this.state = state),
    };
  }

  /** Retires only a paused sink, because retiring cannot be undone. */
  private retire(): Decision {
    if (this.state === 'paused') return this.changeState('retired', markRetired);
    return {
      answer: refusedBecause('A worker delivers to this sink, and retiring cannot be undone. Pause the sink first.'),
    };
  }

  private async skip({ arguments: values, organization_id: organization }: OpenCommand): Promise<Decision | undefined> {
    const eventId = values['event_id'] as string;
    const { deliveryIndex } = this;
    if (deliveryIndex.isInFlight(eventId)) return undefined;
    const delivery = await deliveryIndex.find(eventId);
    if (!delivery || (organization !== null && delivery.organizationId !== organization))
      return { answer: refusedBecause('This sink has no open delivery of this event.') };
    if (delivery.status === 'published' || delivery.status === 'skipped')
      return { answer: refusedBecause(`The event is already ${delivery.status}.`) };
    const head = this.relay.sink.ordering === 'aggregate' ? await deliveryIndex.headOf(delivery) : delivery;
    if (head && head.eventId !== eventId)
      return {
        answer: refusedBecause(
          `The event waits behind ${head.eventId}, the head of its aggregate. Skip or replay that event first.`,
        ),
      };
    deliveryIndex.record(markSkipped(delivery));
    return { answer: done({ was: delivery.status }) };
  }

  /** Drops a type that no worker handles any more. The next term skips its open deliveries. */
  private async dropType({ arguments: values }: OpenCommand): Promise<Decision> {
    const eventType = values['event_type'] as string;
    const { client, sink } = this.relay;
    if (sink.types === null)
      return {
        answer: refusedBecause(
          `${sink.name} receives every event type, so ${eventType} cannot be dropped. Pause and retire the sink if nobody needs it.`,
        ),
      };
    if (handlesType(sink, eventType))
      return {
        answer: refusedBecause(`The worker that leads ${sink.name} handles ${eventType}. Deploy it without the handler first.`),
      };
    const { rows } = await client.query<{ registered: boolean; open: number }>(FIND_TYPE, [sink.name, eventType]);
    const { registered, open } = rows[0]!;
    if (!registered) return { answer: refusedBecause(`${sink.name} has not registered ${eventType}.`) };
    return {
      inSameTransaction: (transaction) => {
        const { position, snapshot } = this.cursor();
        return transaction.query(DROP_TYPE, [sink.name, eventType, position, snapshot]);
      },
      answer: done({ skipped: open }),
      afterCommit: () => (this.droppedType = true),
    };
  }

  private beginReplay({ id, arguments: values, organization_id: organization }: OpenCommand): Decision {
    const { filter, dry_run, limit, rate } = values as unknown as ReplayArguments;
    const scopedFilter = organization === null ? filter : { ...filter, organization_id: organization };
    return {
      inSameTransaction: (client) => {
        const { position, snapshot } = this.cursor();
        const begin = [id, this.relay.sink.name, JSON.stringify(scopedFilter), dry_run, limit, rate, position, snapshot];
        return client.query(BEGIN_REPLAY, begin);
      },
    };
  }

  private async cancelReplay({ arguments: values }: OpenCommand): Promise<Decision> {
    const replay = [values['command_id'] as string, this.relay.sink.name];
    const { rowCount } = await this.relay.client.query(FIND_OPEN_REPLAY, replay);
    if (!rowCount) return { answer: refusedBecause('This sink runs no replay with this id.') };
    return {
      inSameTransaction: (client) => client.query(CANCEL_REPLAY, replay),
      answer: done(),
      afterCommit: () => this.canceled.push(replay[0]!),
    };
  }
}
