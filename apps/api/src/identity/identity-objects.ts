import { Injectable } from '@nestjs/common';
import { currentManager } from '@pikaia/database';
import type { HandlerOutcome } from '../webhooks/webhook.source.js';
import { FIND, LOCK, STORE } from './identity-objects.sql.js';
import { isOlder, type MemberState, type OrganizationState, type Versioned } from './provider-state.js';

/** The newest state of an object that the provider has reported. */
export interface ReportedObject<State> extends Versioned<State> {
  /** Null for a member that was deleted before it was known here. */
  readonly organizationId: string | null;
  /** What the object was here after the last notice. */
  readonly applied: string;
}

interface FollowedObject<State> {
  /** The id at the provider. */
  readonly id: string;
  readonly organizationId: string | null;
  /** The state before the first notice, if it is known. */
  readonly initial?: State | undefined;
  /** Returns what the object is here, as text to compare. */
  read(): Promise<string>;
  /** Makes the changes that lie between two states at the provider. @returns whether anything changed here. */
  apply(older: State | undefined, newer: State): Promise<boolean>;
}

/** Decides what a notice changes. Call it inside a transaction that holds the lock of the object. */
@Injectable()
export class IdentityObjects {
  /** Notices about one object run in turn until the transaction ends. */
  async lock(id: string): Promise<void> {
    await currentManager().query(LOCK, [id]);
  }

  async find<State>(id: string): Promise<ReportedObject<State> | undefined> {
    const [row] = await currentManager().query<
      { organization_id: string | null; version: string; state: State; applied: string }[]
    >(FIND, [id]);
    return row && { organizationId: row.organization_id, version: Number(row.version), state: row.state, applied: row.applied };
  }

  /**
   * A notice changes here what changed at the provider since the state before it. So a notice about a name does not undo a role
   * that the api has changed meanwhile.
   *
   * An older notice that arrives late completes what is known: the difference to the newest state is what changed after it. It is
   * applied only if the api has not changed the object since the newest notice.
   */
  async follow<State extends MemberState | OrganizationState>(
    notice: Versioned<State>,
    known: ReportedObject<State> | undefined,
    { id, organizationId, initial, read, apply }: FollowedObject<State>,
  ): Promise<HandlerOutcome> {
    const isLate = known !== undefined && isOlder(notice, known);
    if (isLate && (await read()) !== known.applied) return 'outdated';
    const newest: Versioned<State> = isLate ? known : notice;
    const older: State | undefined = isLate ? notice.state : (known?.state ?? initial);
    const hasChanged = await apply(older, newest.state);
    const state = JSON.stringify(newest.state);
    await currentManager().query(STORE, [id, organizationId, newest.version, state, await read()]);
    if (hasChanged) return 'handled';
    return isLate ? 'outdated' : 'unchanged';
  }
}
