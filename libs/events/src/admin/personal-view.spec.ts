import { Type } from 'class-transformer';
import { IsEmail, IsIn, IsString, ValidateNested } from 'class-validator';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { EventLogFixture } from '../../../../test/support/outbox/event-log.fixture.js';
import { insertEvent, type TestEvent } from '../../../../test/support/outbox/events.js';
import { DomainEvent } from '../contract/domain-event.js';
import { Personal } from '../contract/personal.decorator.js';
import { EventLog } from './event-log.js';

class Host {
  @Personal()
  @IsString()
  name!: string;

  @IsString()
  desk!: string;
}

@DomainEvent('guest.invited', { version: 1, aggregate: 'thing' })
class GuestInvited {
  @Personal()
  @IsEmail()
  email!: string;

  @IsIn(['guest', 'member'])
  role!: string;

  @ValidateNested()
  @Type(() => Host)
  host!: Host;
}

const data: GuestInvited & object = { email: 'frank@example.com', role: 'guest', host: { name: 'Alice Adams', desk: 'north' } };
const actor = { type: 'user', id: 'u1', email: 'alice@example.com' };
const ERROR = 'No mailbox for Frank@Example.com, asked by Alice Adams <alice@example.com> as guest';
const MASKED_ERROR = 'No mailbox for [masked], asked by [masked] <[masked]> as guest';

const events = useFixture(new EventLogFixture());

/** Inserts an event of organization o1 with a dead letter, an attempt and a receipt, as an older worker stored them. */
async function plant(event: Partial<TestEvent>): Promise<TestEvent> {
  const planted = await insertEvent(events.owner, { type: 'guest.invited', organizationId: 'o1', actor, data, ...event });
  const values = [planted.id, ERROR];
  await events.owner.query(
    `insert into outbox.outbox_delivery (sink, event_id, position, status, attempts, last_error, event_type, schema_version,
       aggregate_type, aggregate_id, organization_id, correlation_id, occurred_at, payload)
     select 'first', event_id, position, 'failed', 1, $2, event_type, schema_version, aggregate_type, aggregate_id,
       organization_id, correlation_id, occurred_at, payload from outbox.outbox_log where event_id = $1`,
    values,
  );
  await events.owner.query(`insert into outbox.outbox_attempt (sink, event_id, error) values ('first', $1, $2)`, values);
  await events.owner.query(
    `insert into outbox.consumer_receipt (consumer, event_id, state, done_at, result)
     values ('mailer', $1, 'done', now(), jsonb_build_object('message_id', 'm-1', 'answer', $2::text))`,
    values,
  );
  return planted;
}

const reads = (id: string, scope: Parameters<EventLog['get']>[1]) => {
  const request = { scope, limit: 1, filter: { event_id: id } };
  return Promise.all([
    events.log.find(request).then((page) => page.data[0]!),
    events.log.get(id, scope).then((event) => event!),
    events.log.findWithHistory(request),
  ]);
};

describe('personal data in the event log', () => {
  it('is complete for the organization of the event, in each read', async () => {
    const { id } = await plant({});
    const [listed, details, history] = await reads(id, { organization: 'o1' });
    for (const event of [listed, details, history.data[0]!])
      expect(event).toMatchObject({ payload: { actor, data }, last_error: ERROR, deciding_deliveries: [{ last_error: ERROR }] });
    expect(details).toMatchObject({
      deliveries: [{ last_error: ERROR }],
      failed_attempts: [{ error: ERROR }],
      receipts: [{ result: { message_id: 'm-1', answer: ERROR } }],
    });
    expect(history.mask({ line: ERROR })).toEqual({ line: ERROR });
  });

  it('is masked for an operator, in each read, and everything else stays', async () => {
    const planted = await plant({});
    const [listed, details, history] = await reads(planted.id, { operator: true });
    for (const event of [listed, details, history.data[0]!]) {
      expect(event.payload).toEqual({
        ...JSON.parse(await payloadOf(planted)),
        actor: { type: 'user', id: 'u1', email: '[masked]' },
        data: { email: '[masked]', role: 'guest', host: { name: '[masked]', desk: 'north' } },
      });
      expect(event).toMatchObject({ last_error: MASKED_ERROR, deciding_deliveries: [{ last_error: MASKED_ERROR }] });
    }
    const failed_attempts = [{ error: MASKED_ERROR }];
    const receipts = [{ result: { message_id: 'm-1', answer: MASKED_ERROR } }];
    expect(details).toMatchObject({ deliveries: [{ last_error: MASKED_ERROR }], failed_attempts, receipts });
    expect(history).toMatchObject({ failed_attempts: { data: failed_attempts }, receipts: { data: receipts } });
    expect(history.mask([{ line: ERROR, at: new Date(0) }])).toEqual([{ line: MASKED_ERROR, at: new Date(0) }]);
  });

  it('includes every value for an operator if this process has no contract of the type and version', async () => {
    for (const unknown of [{ type: 'guest.left' }, { version: 2 }]) {
      const { id } = await plant(unknown);
      const [listed, details] = await reads(id, { operator: true });
      const masked = { email: '[masked]', role: '[masked]', host: '[masked]' };
      expect([listed.payload!.data, details.payload!.data]).toEqual([masked, masked]);
      expect(listed.last_error).toBe(MASKED_ERROR); // names of code, such as a role, stay readable
    }
  });

  it('includes fields that the contract does not declare, and what publish would not have stored', async () => {
    const { id } = await plant({ data: { ...data, nickname: 'Frankie', role: null } });
    expect((await reads(id, { operator: true }))[0].payload!.data).toMatchObject({ nickname: '[masked]', role: null });
    const values = [id, JSON.stringify({ data: 'frank@example.com', actor: null, extra: 'frank@example.com' })];
    await events.owner.query('update outbox.outbox_log set payload = $2 where event_id = $1', values);
    expect((await reads(id, { operator: true }))[1].payload).toEqual({ data: '[masked]', actor: null, extra: '[masked]' });
    for (const payload of ['"frank@example.com"', '["frank@example.com"]', 'null']) {
      await events.owner.query('update outbox.outbox_log set payload = $2 where event_id = $1', [id, payload]);
      expect(JSON.stringify(await reads(id, { operator: true }))).not.toMatch(/frank@example\.com"?\]?,/);
    }
  });

  it('includes the whole result of a consumer if the payload is too large for a list', async () => {
    const { id } = await plant({ data: { ...data, host: { name: 'Alice Adams', desk: 'x'.repeat(20_000) } } });
    const [listed, details, history] = await reads(id, { operator: true });
    expect([listed.payload, history.receipts.data[0]!.result]).toEqual([null, '[masked]']);
    expect(details.receipts[0]!.result).toEqual({ message_id: 'm-1', answer: MASKED_ERROR });
  });
});

async function payloadOf({ id }: TestEvent): Promise<string> {
  const { rows } = await events.owner.query<{ text: string }>(
    'select payload::text as text from outbox.outbox_log where event_id = $1',
    [id],
  );
  return rows[0]!.text;
}
