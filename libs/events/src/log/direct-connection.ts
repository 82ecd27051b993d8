import { PikaiaError } from '@pikaia/core';
import { isDirect, isRefusedByPooler } from '@pikaia/database';
import type { Client } from 'pg';

/**
 * Opens a connection whose session has to stay the same: it holds a lock, listens, or has its own settings.
 *
 * @throws PikaiaError `PIKAIA_OUTBOX_POOLED` if a pooler answers.
 */
export async function connectDirectly(client: Client): Promise<void> {
  await connectOrName(client);
  if (!(await isDirect(client))) throw pooledError('Its process id is not that of the server process');
}

/** As `connectDirectly`, for a caller that compares the process ids itself. */
export async function connectOrName(client: Client): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    throw isRefusedByPooler(error) ? pooledError((error as Error).message, error) : error;
  }
}

const pooledError = (reason: string, cause?: unknown): PikaiaError =>
  new PikaiaError(
    'PIKAIA_OUTBOX_POOLED',
    `The connection of the worker goes through a pooler (${reason}). Set DATABASE_URL of the worker to a direct connection. Publishers may keep the pooler.`,
    { cause },
  );
