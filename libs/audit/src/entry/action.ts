import { PikaiaError } from '@pikaia/core';

const ACTION_PATTERN = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/;
const MAX_ACTION_CHARACTERS = 100;

/**
 * @throws PikaiaError `PIKAIA_AUDIT_ACTION_INVALID` unless `action` is `aggregate.past_verb` in lower case, at most 100
 * characters.
 */
export function checkAction(action: string): void {
  if (ACTION_PATTERN.test(action) && action.length <= MAX_ACTION_CHARACTERS) return;
  throw new PikaiaError(
    'PIKAIA_AUDIT_ACTION_INVALID',
    `${JSON.stringify(action.slice(0, MAX_ACTION_CHARACTERS))} is not a valid action. Use lower case, the aggregate type and a past verb, such as 'member.role_changed'.`,
  );
}
