import { currentManager } from '@pikaia/database';

/** Takes the next position of the log. Index: none. Locks: none. */
const TAKE_POSITION = `select nextval('outbox.outbox_position')::text as position`;

/**
 * Takes a position of the log for a row that separates older events from newer ones. Events of transactions that have committed have a lower
 * `sequence`. Events that are published later have a higher one.
 */
export async function takeLogPosition(): Promise<string> {
  const [row] = await currentManager().query<{ position: string }[]>(TAKE_POSITION);
  return row!.position;
}
