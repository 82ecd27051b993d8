interface RecordReference {
  readonly memberId: string;
  readonly correlationId: string;
}

/** The rows, events and audit entries of all invitations. */
export interface InvitationRecords {
  /** The ids of the invited members. */
  readonly rows: readonly string[];
  readonly events: readonly RecordReference[];
  readonly entries: readonly RecordReference[];
}

type Query = <Row extends object>(sql: string) => Promise<Row[]>;

export async function readInvitations(query: Query): Promise<InvitationRecords> {
  const rows = await query<{ id: string }>(`select id from organizations_member where status = 'invited'`);
  const found = (table: string, condition: string): Promise<RecordReference[]> =>
    query(`select aggregate_id as "memberId", correlation_id as "correlationId" from ${table} where ${condition}`);
  return {
    rows: rows.map(({ id }) => id),
    events: await found('outbox.outbox_log', `event_type = 'member.invited'`),
    entries: await found('audit.record', `action = 'member.invited'`),
  };
}

/**
 * Describes each inconsistency if each person was invited once: a member without exactly one event and one entry of the
 * same request, an event or entry without its member, a response 201 without its member.
 */
export function invitationFlaws({ rows, events, entries }: InvitationRecords, answered: readonly RecordReference[]): string[] {
  const flaws: string[] = [];
  const members = new Set(rows);
  const eventsOf = Map.groupBy(events, ({ memberId }) => memberId);
  const entriesOf = Map.groupBy(entries, ({ memberId }) => memberId);
  for (const id of new Set([...members, ...eventsOf.keys(), ...entriesOf.keys()])) {
    const [event, ...moreEvents] = eventsOf.get(id) ?? [];
    const [entry, ...moreEntries] = entriesOf.get(id) ?? [];
    if (!members.has(id)) flaws.push(`${id}: no row`);
    if (!event || moreEvents.length) flaws.push(`${id}: ${eventsOf.get(id)?.length ?? 0} events`);
    if (!entry || moreEntries.length) flaws.push(`${id}: ${entriesOf.get(id)?.length ?? 0} entries`);
    if (event && entry && event.correlationId !== entry.correlationId) flaws.push(`${id}: event and entry of different requests`);
  }
  for (const { memberId, correlationId } of answered) {
    if (eventsOf.get(memberId)?.[0]?.correlationId !== correlationId) flaws.push(`${memberId}: answered 201, not written`);
  }
  return flaws;
}
