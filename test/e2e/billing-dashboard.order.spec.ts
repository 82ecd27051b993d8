import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { newId } from '@pikaia/core';
import { DatabaseModule } from '@pikaia/database';
import { QueueConsumer, QueueModule } from '@pikaia/events';
import { captureLogs } from '@pikaia/logging/testing';
import { BillingDashboard, CONSUMERS } from '@pikaia/reactions';
import fc from 'fast-check';
import { ClsModule } from 'nestjs-cls';
import type pg from 'pg';
import { queueRecord } from '../support/aws/queue.records.js';
import { connect, type TestDatabase } from '../support/database/database.js';
import { createApiDatabase } from '../support/system/api-database.js';

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
  let database: TestDatabase;
  let owner: pg.Client;
  let app: INestApplicationContext;

  beforeAll(async () => {
    database = await createApiDatabase();
    owner = await connect(database.ownerUrl);
    const settings = { databaseUrl: database.workerUrl, databasePoolSize: 4, databaseStatementTimeoutMs: 15_000 };
    const { createModule } = CONSUMERS.find(({ consumer }) => consumer === BillingDashboard)!;
    @Module({
      imports: [
        ClsModule.forRoot({ global: true }),
        DatabaseModule.forRoot({ settings, applicationName: 'spec' }),
        createModule({}, '/nowhere'),
        QueueModule.forRoot({ consumer: BillingDashboard }),
      ],
    })
    class LambdaModule {}
    app = await NestFactory.createApplicationContext(LambdaModule, { logger: ['error'] });
  });
  afterAll(async () => {
    await app.close();
    await owner.end();
    await database.drop();
  });

  const rows = async (subscriptions: readonly string[]) =>
    (
      await owner.query<Record<string, unknown>>(
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
        const deliver = async (given: typeof events): Promise<void> => {
          const answer = await app.get(QueueConsumer).handleBatch({ Records: given.map((event) => queueRecord(event)) });
          expect(answer.batchItemFailures).toEqual([]);
        };
        // Executions run at the same time, as Lambda starts them.
        await Promise.all(order.map((index) => deliver([events[index]!])));
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
        await owner.query('delete from billing_dashboard where subscription_id = any ($1)', [subscriptions]);
        await deliver(events.map((event) => ({ ...event, event_id: newId() })));
        expect(await rows(subscriptions)).toEqual(expected);
      }),
      { numRuns: 60, seed: 37 },
    );
  });
});
