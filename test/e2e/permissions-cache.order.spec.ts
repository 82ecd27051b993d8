import { newId } from '@pikaia/core';
import { PermissionsCache } from '@pikaia/reactions';
import { captureLogs } from '@pikaia/logging/testing';
import fc from 'fast-check';
import { useFixture } from '../support/jest/use-fixture.js';
import { QueuedConsumer } from '../support/system/queued-consumer.js';

const ORGANIZATION = newId();
const PERSON = { user_id: newId(), email: 'bob@example.com' };
const INVITER = { id: newId(), email: 'alice@example.com' };

/** A change of a member, and the role that follows from it. */
interface Step {
  readonly member: number;
  readonly kind: 'invited' | 'joined' | 'changed' | 'changed by an old publisher' | 'revoked' | 'removed';
  readonly role: 'member' | 'admin';
}

const roleAfter = ({ kind, role }: Step): string | null => (kind === 'removed' || kind === 'revoked' ? null : role);

function contentOf({ kind, role }: Step): { type: string; version: number; data: object } {
  const old_role = role === 'admin' ? 'member' : 'admin';
  switch (kind) {
    case 'invited':
      return { type: 'member.invited', version: 1, data: { ...PERSON, role, organization_name: 'Acme', invited_by: INVITER } };
    case 'joined':
      return { type: 'member.joined', version: 1, data: { ...PERSON, role } };
    case 'changed':
      return { type: 'member.role_changed', version: 2, data: { ...PERSON, old_role, new_role: role } };
    case 'changed by an old publisher':
      return { type: 'member.role_changed', version: 1, data: { old_role, new_role: role } };
    case 'revoked':
      return { type: 'member.invitation_revoked', version: 1, data: { ...PERSON, role } };
    case 'removed':
      return { type: 'member.removed', version: 1, data: { ...PERSON, role } };
  }
}

/** EventBridge and SQS keep no order and can repeat an event. */
describe('the permissions cache behind a queue', () => {
  const queue = useFixture(new QueuedConsumer(PermissionsCache));

  it('has the role of the last event of each member, whatever the order, the repetitions and the batches', async () => {
    using _logs = captureLogs();
    const step = fc.record<Step>({
      member: fc.nat({ max: 2 }),
      kind: fc.constantFrom<Step['kind'][]>('invited', 'joined', 'changed', 'changed by an old publisher', 'revoked', 'removed'),
      role: fc.constantFrom('member', 'admin'),
    });
    const deliveries = fc.array(step, { minLength: 1, maxLength: 12 }).chain((steps) => {
      const numbers = steps.map((_, index) => index);
      const repeated = fc.subarray(numbers).map((more) => [...numbers, ...more]);
      const order = repeated.chain((all) => fc.shuffledSubarray(all, { minLength: all.length }));
      return fc.record({ steps: fc.constant(steps), order, batchSize: fc.integer({ min: 1, max: 4 }) });
    });
    let sequence = 100;
    await fc.assert(
      fc.asyncProperty(deliveries, async ({ steps, order, batchSize }) => {
        const members = [newId(), newId(), newId()];
        const events = steps.map((one) => {
          const { type, version, data } = contentOf(one);
          return {
            event_id: newId(),
            event_type: type,
            schema_version: version,
            occurred_at: new Date(1_700_000_000_000 + ++sequence).toISOString(),
            aggregate_type: 'member',
            aggregate_id: members[one.member],
            organization_id: ORGANIZATION,
            correlation_id: newId(),
            actor: null,
            data,
            sequence: String(sequence),
          };
        });
        const batches: number[][] = [];
        for (let at = 0; at < order.length; at += batchSize) batches.push(order.slice(at, at + batchSize));
        // Executions run at the same time, as Lambda starts them.
        await Promise.all(batches.map((batch) => queue.deliver(batch.map((index) => events[index]!))));
        const { rows } = await queue.owner.query<{ member_id: string; role: string | null; sequence: string; changed_at: Date }>(
          'select member_id, role, sequence::text, changed_at from permissions_cache where member_id = any ($1)',
          [members],
        );
        const expected = members.flatMap((member, number) => {
          const last = steps.findLastIndex((one) => one.member === number);
          if (last < 0) return [];
          const { sequence: position, occurred_at } = events[last]!;
          return [{ member_id: member, role: roleAfter(steps[last]!), sequence: position, changed_at: new Date(occurred_at) }];
        });
        const byMember = (one: { member_id: string }, other: { member_id: string }): number =>
          one.member_id < other.member_id ? -1 : 1;
        expect(rows.sort(byMember)).toEqual(expected.sort(byMember));
      }),
      { numRuns: 60 },
    );
  });
});
