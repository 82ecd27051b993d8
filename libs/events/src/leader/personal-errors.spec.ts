import { captureLogs } from '@pikaia/logging/testing';
import { IsEmail, IsString } from 'class-validator';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { insertEvent, statusOf, type TestEvent } from '../../../../test/support/outbox/events.js';
import { OutboxFixture } from '../../../../test/support/outbox/outbox.fixture.js';
import { refused } from '../../../../test/support/outbox/scripted-sink.js';
import { DomainEvent } from '../contract/domain-event.js';
import { Personal } from '../contract/personal.decorator.js';

@DomainEvent('seat.booked', { version: 1, aggregate: 'thing' })
class SeatBooked {
  @Personal()
  @IsEmail()
  email!: string;

  @IsString()
  row!: string;
}

const booked = (email: string): Partial<TestEvent> => ({
  type: 'seat.booked',
  aggregate: email,
  data: { email, row: 'front' } satisfies SeatBooked,
});
const errorAbout = (email: string) => `No account for ${email} in front`;
const MASKED = 'Error: No account for [masked] in front';

describe('the personal data of an event', () => {
  const at = useFixture(new OutboxFixture());

  async function stored({ id }: TestEvent) {
    const { rows } = await at.worker.query<{ last_error: string; error: string; fingerprint: string; payload: string }>(
      `select d.last_error, a.error, a.fingerprint, d.payload::text as payload from outbox.outbox_delivery d
       join outbox.outbox_attempt a on a.event_id = d.event_id where d.event_id = $1`,
      [id],
    );
    return rows;
  }

  it('is masked in the error of a dead letter, in its attempts and in its log lines, and stays in its payload', async () => {
    const dead = { kind: 'refused', error: new Error(errorAbout('frank@example.com')), maxAttempts: 1 } as const;
    const event = await insertEvent(at.api, booked('frank@example.com'));
    at.sink.outcomes.set(event.id, dead);
    using logs = captureLogs();
    await at.runRelayOnce();
    const [row] = await stored(event);
    expect(row).toMatchObject({ last_error: MASKED, error: MASKED });
    expect(row!.payload).toContain('frank@example.com');
    expect(await statusOf(at.api, event.id)).toMatchObject({ status: 'failed', last_error: MASKED });
    expect(logs.one('event_failed')).toMatchObject({ 'error.message': MASKED.replace('Error: ', '') });
    expect(JSON.stringify(logs.records)).not.toContain('frank@example.com');
  });

  it('does not split the errors of a retry into groups', async () => {
    const events = [await insertEvent(at.api, booked('ann@example.com')), await insertEvent(at.api, booked('bob@example.org'))];
    at.sink.defaultOutcome = ({ payload }) => refused(errorAbout((JSON.parse(payload) as { data: SeatBooked }).data.email));
    using logs = captureLogs();
    await at.runRelayOnce();
    const rows = (await Promise.all(events.map(stored))).flat();
    expect(rows.map(({ last_error }) => last_error)).toEqual([MASKED, MASKED]);
    expect(new Set(rows.map(({ fingerprint }) => fingerprint)).size).toBe(1);
    expect(logs.of('event_refused').map((line) => line['reason'])).toEqual([MASKED, MASKED]);
  });

  it('is masked in the result of a replay', async () => {
    const event = await insertEvent(at.api, booked('frank@example.com'));
    await at.runRelayOnce();
    at.sink.outcomes.set(event.id, refused(errorAbout('frank@example.com'), true));
    const id = await at.replay({ event_id: event.id });
    using logs = captureLogs();
    await at.runRelayOnce();
    expect((await at.answer(id)).answer).toMatchObject({ failed: 1, last_error: MASKED });
    expect(logs.one('event_replay_failed')).toMatchObject({ reason: MASKED });
  });

  it('is masked in the error of a sink that cannot be reached', async () => {
    const event = await insertEvent(at.api, booked('frank@example.com'));
    at.sink.outcomes.set(event.id, { kind: 'transport', error: new Error(errorAbout('frank@example.com')) });
    using logs = captureLogs();
    await at.runRelayOnce();
    expect(logs.one('sink_failing')).toMatchObject({ reason: MASKED });
  });
});
