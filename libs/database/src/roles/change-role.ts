import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';

const MAX_ATTEMPTS = 100;
const RETRY_DELAY_MS = 50;

/**
 * Executes a statement that changes a role. Roles belong to the cluster, and PostgreSQL does not lock them: a statement fails if
 * another session changes the same role at the same time, for example while a second database is migrated. It is then repeated.
 */
export async function changeRole(client: ClientBase, statement: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query(statement);
      return;
    } catch (error) {
      if (!isRace(error) || attempt === MAX_ATTEMPTS) throw error;
    }
    await delay(RETRY_DELAY_MS);
  }
}

/** The message of XX000, "tuple concurrently updated", is translated, so the code decides. 23505: both insert the same catalog row. */
function isRace(error: unknown): boolean {
  const { code, schema } = error as { code?: string; schema?: string };
  return code === 'XX000' || (code === '23505' && schema === 'pg_catalog');
}
