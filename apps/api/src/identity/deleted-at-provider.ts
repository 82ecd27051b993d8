import { currentManager } from '@pikaia/database';
import type { MemberSession } from '../authentication/session-verifier.js';
import { Problem } from '../errors/problem.js';
import { FIND, LOCK } from './identity-objects.sql.js';
import type { MemberState } from './provider-state.js';

/**
 * Refuses the session of a person whose deletion the provider has reported. Its token stays valid for a few minutes.
 *
 * Call it in the transaction that makes the person a member, before the organization is locked: webhooks about a member lock the member
 * first, too.
 *
 * @throws Problem 403 if the person was deleted.
 */
export async function refuseDeletedMember({ subject }: MemberSession): Promise<void> {
  await currentManager().query(LOCK, [subject]);
  const [row] = await currentManager().query<{ state: MemberState }[]>(FIND, [subject]);
  if (row?.state.status === 'deleted') throw Problem.forbidden('This person was deleted at the session provider.');
}
