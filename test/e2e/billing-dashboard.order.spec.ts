import { newId } from '@pikaia/core';
import { captureLogs } from '@pikaia/logging/testing';
import { BillingDashboard } from '@pikaia/reactions';
import fc from 'fast-check';
import { useFixture } from '../support/jest/use-fixture.js';
import { QueuedConsumer } from '../support/system/queued-consumer.js';

const ORGANIZATION = newId();
const END = '2026-10-21T14:13:20.000Z';

/** An event of a subscription. */
interface Step {
  readonly subscription: number;
  readonly kind: 'activated' | 'updated' | 'canceled';
  readonly status: string;
  readonly quantity: number | undefined;
  readonly cancels: boolean;
}

/** EventBridge and SQS keep no order and can repeat an event. A replay delivers all events again, in order. */
describe('the billing dashboard behind a queue', () => {
  const queue = useFixture(new QueuedConsumer(BillingDashboard));

  const rows = async (subscriptions: readonly string[]) =>
    (
      await queue.owner.query<Record<string, unknown>>(
        `select subscription_id, is_active, status, price_id, quantity, current_period_end, cancel_at_period_end, sequence::text
         from billing_dashboard where subscription_id = any ($1) order by subscription_id`,
        [subscriptions],
      )
    ).rows;

  it('has the last event of each subscription, whatever the order and the repetitions, and the same rows after a replay', async () => {
    using _logs = captureLogs();
    const step = fc.record<Step>({
      subscription: fc.nat({ max: 2 }),
      kind: fc.constantFrom<Step['kind'][]>('activated', 'updated', 'canceled'),
      status: fc.constantFrom('active', 'past_due', 'canceled'),
      quantity: fc.option(fc.nat({ max: 9 }), { nil: undefined }),
      cancels: fc.boolean(),
    });
    const deliveries = fc.array(step, { minLength: 1, maxLength: 12 }).chain((steps) => {
      const numbers = steps.map((_, index) => index);
      const repeated = fc.subarray(numbers).map((more) => [...numbers, ...more]);
      const order = repeated.chain((all) => fc.shuffledSubarray(all, { minLength: all.length }));
      return fc.record({ steps: fc.constant(steps), order });
    });
    let sequence = 100;
    await fc.assert(
      fc.asyncProperty(deliveries, async ({ steps, order }) => {
        const subscriptions = [newId(), newId(), newId()];
        const events = steps.map(({ subscription, kind, status, quantity, cancels }) => ({
          event_id: newId(),
          event_type: `subscription.${kind}`,
          schema_version: 1,
          occurred_at: new Date(1_700_000_000_000 + ++sequence).toISOString(),
          aggregate_type: 'subscription',
          aggregate_id: subscriptions[subscription]!,
          organization_id: ORGANIZATION,
          correlation_id: newId(),
          actor: { type: 'system', id: 'stripe' },
          data: {
            provider_id: `sub_${subscription}`,
            status,
            price_id: 'price_basic',
            ...(quantity !== undefined && { quantity }),
            current_period_end: END,
            cancel_at_period_end: cancels,
            ...(kind === 'updated' && { changed: ['status'], old: { status: 'x' } }),
          },
          sequence: String(sequence),
        }));
        // Executions run at the same time, as Lambda starts them.
        await Promise.all(order.map((index) => queue.deliver([events[index]!])));
        const expected = subscriptions.flatMap((id, number) => {
          const last = steps.findLastIndex(({ subscription }) => subscription === number);
          if (last < 0) return [];
          const { kind, status, quantity = null, cancels } = steps[last]!;
          const state = { status, price_id: 'price_basic', quantity, cancel_at_period_end: cancels };
          return [
            {
              subscription_id: id,
              is_active: kind !== 'canceled',
              ...state,
              current_period_end: new Date(END),
              sequence: events[last]!.sequence,
            },
          ];
        });
        expect(await rows(subscriptions)).toEqual(expected);
        await queue.owner.query('delete from billing_dashboard where subscription_id = any ($1)', [subscriptions]);
        await queue.deliver(events.map((event) => ({ ...event, event_id: newId() })));
        expect(await rows(subscriptions)).toEqual(expected);
      }),
      { numRuns: 60, seed: 37 },
    );
  });
});
