import { randomUUID } from 'node:crypto';
import { Consumer, contractOf, Handles, parseEvent, type ContractClass, type EventOf, type SinkEvent } from '@pikaia/events';
import { createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { ConsumerProcess, sinkEvent } from '../../../../test/support/outbox/consumer.process.js';
import { MemberRoleChanged } from './member-role-changed.v1.js';
import { MemberRoleChangedV2 } from './member-role-changed.v2.js';

const first: MemberRoleChanged = { old_role: 'member', new_role: 'admin' };
const second: MemberRoleChangedV2 = { ...first, user_id: randomUUID(), email: 'bob@example.com' };

class Recorder {
  readonly received: object[] = [];
}

@Consumer('first-version', { from: 'now' })
class FirstVersion extends Recorder {
  @Handles(MemberRoleChanged, { effect: 'external' })
  handle({ data }: EventOf<MemberRoleChanged>): void {
    this.received.push(data);
  }
}

@Consumer('both-versions', { from: 'now' })
class BothVersions extends Recorder {
  @Handles(MemberRoleChanged, { effect: 'external', replay: 'run' })
  @Handles(MemberRoleChangedV2, { effect: 'external', replay: 'run' })
  handle({ data }: EventOf<MemberRoleChanged | MemberRoleChangedV2>): void {
    this.received.push(data);
  }
}

/** An event of the version of a contract, as a relay hands it to a sink. */
function eventOf(contractClass: ContractClass, data: object): SinkEvent {
  const { type, version } = contractOf(contractClass);
  const event = sinkEvent(type, data);
  const payload = { ...(JSON.parse(event.payload) as object), schema_version: version };
  return { ...event, schemaVersion: version, payload: JSON.stringify(payload) };
}

let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

async function deliver(consumer: Recorder, events: readonly SinkEvent[]): Promise<unknown[]> {
  const process = await ConsumerProcess.start(database.workerUrl, consumer);
  try {
    return await Promise.all(events.map((event) => process.deliver(event)));
  } finally {
    await process.stop();
  }
}

describe('member.role_changed', () => {
  const events = [eventOf(MemberRoleChanged, first), eventOf(MemberRoleChangedV2, second)] as const;

  it('of both versions reaches a consumer that handles both, also when it is replayed', async () => {
    const consumer = new BothVersions();
    const replayed = events.map((event) => ({ ...event, replayed: randomUUID() }));
    const accepted = { kind: 'accepted' };
    expect(await deliver(consumer, events)).toEqual([accepted, accepted]);
    expect(await deliver(consumer, replayed)).toEqual([accepted, accepted]);
    expect(consumer.received).toHaveLength(4);
    expect(consumer.received).toEqual(expect.arrayContaining([first, second]));
  });

  it('of version 2 waits for a newer worker at a consumer that handles only version 1, which still gets version 1', async () => {
    const consumer = new FirstVersion();
    expect(await deliver(consumer, events)).toMatchObject([
      { kind: 'accepted' },
      { kind: 'postponed', error: { code: 'PIKAIA_EVENT_VERSION_UNKNOWN' }, retryAfterMs: 60_000 },
    ]);
    expect(consumer.received).toEqual([first]);
  });

  it('of each version is read by its class, and version 2 requires the person', async () => {
    const [one, two] = await Promise.all(
      events.map(({ payload }) => parseEvent([MemberRoleChanged, MemberRoleChangedV2], payload)),
    );
    expect(one!.data).toBeInstanceOf(MemberRoleChanged);
    expect(two!.data).toBeInstanceOf(MemberRoleChangedV2);
    await expect(parseEvent(MemberRoleChangedV2, eventOf(MemberRoleChangedV2, first).payload)).rejects.toMatchObject({
      code: 'PIKAIA_EVENT_UNREADABLE',
      message: expect.stringMatching(/user_id, email/),
    });
  });
});
