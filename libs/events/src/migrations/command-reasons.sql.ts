import type { RoleNames } from '@pikaia/database';

/**
 * Adds the reason of a command, and the command that cancels a replay. Locks: outbox_command and outbox_replay, briefly; a constant
 * default rewrites no row. A worker of the previous version refuses the new command.
 */
export const commandReasons = ({ api, worker }: RoleNames): string => `
alter table outbox.outbox_command add column reason text, drop constraint outbox_command_command_check,
  add constraint outbox_command_command_check check (command in ('pause', 'resume', 'retire', 'skip', 'replay', 'drop_type', 'cancel'));
comment on column outbox.outbox_command.reason is 'Why the command was given, in the words of the person; null if they did not say';
grant insert (reason) on outbox.outbox_command to ${api};
alter table outbox.outbox_replay add column canceled boolean not null default false;
comment on column outbox.outbox_replay.canceled is 'True for a replay that the leader ends before it has sent all events';
grant update (canceled) on outbox.outbox_replay to ${worker};
`;

/** Fails while a command `cancel` is kept. */
export const withoutCommandReasons = `
alter table outbox.outbox_replay drop column canceled;
alter table outbox.outbox_command drop column reason, drop constraint outbox_command_command_check,
  add constraint outbox_command_command_check check (command in ('pause', 'resume', 'retire', 'skip', 'replay', 'drop_type'));
`;
