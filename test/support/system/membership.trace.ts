import type { System } from './system.js';

interface Membership {
  readonly id: string;
  readonly role: string;
  readonly status: string;
}

interface MemberEvent {
  readonly type: string;
  readonly data: { readonly role?: string; readonly old_role?: string; readonly new_role?: string };
}

/** Replays the events of memberships, and compares the result with their rows and their audit entries. */
export async function membershipFlaws(
  system: System,
  rows: readonly Membership[],
): Promise<{ flaws: string[]; transitions: number }> {
  const flaws: string[] = [];
  let transitions = 0;
  for (const row of rows) {
    const events = await system.query<MemberEvent>(
      `select event_type as type, payload->'data' as data from outbox.outbox_log where aggregate_id = $1 order by position`,
      [row.id],
    );
    const entries = await system.query<{ action: string }>(
      'select action from audit.record where aggregate_id = $1 order by id',
      [row.id],
    );
    transitions += events.length;
    const types = events.map(({ type }) => type);
    if (types.join() !== entries.map(({ action }) => action).join())
      flaws.push(`${row.id}: events ${types.join()}, entries ${entries.map(({ action }) => action).join()}`);
    const replayed = replay(events);
    if (replayed !== `${row.status} ${row.role}`) flaws.push(`${row.id}: is ${row.status} ${row.role}, events say ${replayed}`);
  }
  return { flaws, transitions };
}

/** Returns the status and the role after the events, or the first event that does not fit the one before it. */
function replay(events: readonly MemberEvent[]): string {
  let status = 'none';
  let role: string | undefined;
  for (const { type, data } of events) {
    const fits =
      (type === 'member.invited' && status !== 'active' && status !== 'removed') ||
      (type === 'member.joined' && (status === 'none' || status === 'invited')) ||
      (type === 'member.role_changed' && status === 'active' && data.old_role === role && data.new_role !== role) ||
      (type === 'member.removed' && (status === 'active' || status === 'invited') && data.role === role);
    if (!fits) return `${type} after ${status} ${role}`;
    status = type === 'member.role_changed' ? status : type.replace('member.', '').replace('joined', 'active');
    role = data.new_role ?? data.role;
  }
  return `${status} ${role}`;
}
