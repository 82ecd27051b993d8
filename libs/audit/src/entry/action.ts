import { PikaiaError } from '@pikaia/core';

const ACTION = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/;

/** @throws PikaiaError `PIKAIA_AUDIT_ACTION_INVALID` for what is not `aggregate.past_verb` in lower case, of at most 100 characters. */
export function checkAction(action: string): void {
  if (ACTION.test(action) && action.length <= 100) return;
  throw new PikaiaError(
    'PIKAIA_AUDIT_ACTION_INVALID',
    `${JSON.stringify(action.slice(0, 100))} is no action: name what was done to what, as 'member.role_changed'.`,
  );
}
