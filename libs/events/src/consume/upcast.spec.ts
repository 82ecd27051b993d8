import { newId } from '@pikaia/core';
import { captureLogs } from '@pikaia/logging/testing';
import { Type } from 'class-transformer';
import { IsBoolean, IsDate, IsOptional, IsString, ValidateNested } from 'class-validator';
import { toCloudEvent } from '../contract/cloud-event.js';
import { DomainEvent } from '../contract/domain-event.js';
import { Upcast } from '../contract/upcast.decorator.js';
import { Consumer, Handles } from './consumer.decorator.js';
import { defineConsumers } from './consumer.definition.js';
import { parseEvent } from './event.parser.js';

@DomainEvent('parcel.sent', { version: 1, aggregate: 'parcel' })
class ParcelSent {
  @IsString()
  to!: string;

  @IsDate()
  @Type(() => Date)
  at!: Date;
}

class Recipient {
  @IsString()
  first_name!: string;

  @IsString()
  last_name!: string;
}

@DomainEvent('parcel.sent', { version: 2, aggregate: 'parcel' })
class ParcelSentV2 {
  @ValidateNested()
  @Type(() => Recipient)
  to!: Recipient;

  @IsDate()
  @Type(() => Date)
  at!: Date;

  /** What the upcaster does in a test instead of its work. */
  static instead: ((data: ParcelSent) => unknown) | undefined;

  @Upcast(ParcelSent, ParcelSentV2)
  static fromV1(data: ParcelSent): ParcelSentV2 {
    if (ParcelSentV2.instead) return ParcelSentV2.instead(data) as ParcelSentV2;
    const { to, ...rest } = data;
    const [first_name = '', last_name = ''] = to.split(' ');
    return { ...rest, to: { first_name, last_name } };
  }
}

@DomainEvent('parcel.sent', { version: 3, aggregate: 'parcel' })
class ParcelSentV3 extends ParcelSentV2 {
  @IsBoolean()
  express!: boolean;

  @IsOptional()
  @IsString()
  note?: string;

  @Upcast(ParcelSentV2, ParcelSentV3)
  static fromV2(data: ParcelSentV2): ParcelSentV3 {
    return { ...data, express: false };
  }
}

const at = '2026-01-01T08:30:00.000Z';
const envelope = {
  event_id: newId(),
  event_type: 'parcel.sent',
  schema_version: 1,
  occurred_at: at,
  aggregate_type: 'parcel',
  aggregate_id: 'p-1',
  organization_id: null,
  correlation_id: newId(),
  actor: null,
  data: { to: 'Ada Lovelace', at },
};
const ada = { first_name: 'Ada', last_name: 'Lovelace' };

afterEach(() => {
  ParcelSentV2.instead = undefined;
});

describe('parseEvent with upcasters', () => {
  it.each([
    ['an envelope', envelope],
    ['an SQS record with an EventBridge event', { body: JSON.stringify({ 'detail-type': 'parcel.sent', detail: envelope }) }],
    ['a CloudEvent', toCloudEvent(envelope)],
  ])('converts the data of %s step by step to an instance of the wanted class', async (_, source) => {
    const event = await parseEvent(ParcelSentV3, source);
    expect(event).toEqual({
      ...envelope,
      schema_version: 3,
      upcast_from: 1,
      data: { to: ada, at: new Date(at), express: false },
    });
    expect(event.data).toBeInstanceOf(ParcelSentV3);
    expect(event.data.to).toBeInstanceOf(Recipient);
  });

  it('does not change its source', async () => {
    ParcelSentV2.instead = (data) => Object.assign(data, { to: ada });
    const source = structuredClone(envelope);
    await parseEvent(ParcelSentV2, source);
    expect(source).toEqual(envelope);
  });

  it('reads an event as its own version if that is wanted, and names no other version', async () => {
    const event = await parseEvent([ParcelSent, ParcelSentV3], envelope);
    expect(event).toEqual({ ...envelope, data: { to: 'Ada Lovelace', at: new Date(at) } });
    expect(event.data).toBeInstanceOf(ParcelSent);
  });

  it('keeps fields that a newer publisher added if the upcaster copies them', async () => {
    const newer = { ...envelope, data: { ...envelope.data, stamp: 'blue' } };
    expect(await parseEvent(ParcelSentV3, newer)).toMatchObject({ data: { stamp: 'blue' } });
  });

  it('never converts a newer version to an older one', async () => {
    const newer = { ...envelope, schema_version: 3, data: { to: ada, at, express: true } };
    await expect(parseEvent([ParcelSent, ParcelSentV2], newer)).rejects.toMatchObject({ code: 'PIKAIA_EVENT_VERSION_UNKNOWN' });
  });

  it('refuses stored data that violates the contract of its own version, before an upcaster sees it', async () => {
    ParcelSentV2.instead = () => ({ to: ada, at: new Date() });
    await expect(parseEvent(ParcelSentV2, { ...envelope, data: { to: 7, at } })).rejects.toMatchObject({
      code: 'PIKAIA_EVENT_UNREADABLE',
      message: 'This parcel.sent version 1 violates its contract in these fields: to.',
    });
  });

  it.each([
    ['throws', () => thrown(new Error('geheim')), 'throws'],
    ['returns nothing', () => undefined, 'does not return an object'],
    ['returns a list', () => [], 'does not return an object'],
    ['returns a promise', () => Promise.resolve({ to: ada, at: new Date() }), 'does not return an object'],
    ['violates the contract', () => ({ to: 'geheim', at: 'geheim' }), 'violates ParcelSentV2 in these fields: to, at'],
  ])('refuses an event whose upcaster %s, and the message contains no value', async (_, instead, why) => {
    ParcelSentV2.instead = instead;
    await expect(parseEvent(ParcelSentV3, envelope)).rejects.toMatchObject({
      code: 'PIKAIA_EVENT_UPCAST_FAILED',
      message: `This parcel.sent version 1 cannot be upcast: ParcelSentV2.fromV1 ${why}.`,
    });
  });
});

function thrown(error: Error): never {
  throw error;
}

describe('a consumer of several versions', () => {
  @DomainEvent('parcel.lost', { version: 1, aggregate: 'parcel' })
  class ParcelLost {}
  @DomainEvent('parcel.lost', { version: 2, aggregate: 'parcel' })
  class ParcelLostV2 {}
  @DomainEvent('parcel.found', { version: 3, aggregate: 'parcel', oldestVersion: 2 })
  class ParcelFoundV3 {}
  @DomainEvent('parcel.found', { version: 2, aggregate: 'parcel' })
  class ParcelFoundV2 {}
  @DomainEvent('parcel.burnt', { version: 4, aggregate: 'parcel', oldestVersion: 4 })
  class ParcelBurnt {}
  const descriptor: TypedPropertyDescriptor<() => void> = { value: () => undefined };

  function define(...contracts: (new () => object)[]) {
    class Declared {
      run(): void {}
    }
    for (const contract of contracts) Handles(contract, { effect: 'database' })(Declared.prototype, 'run', descriptor);
    Consumer('tracking', { from: 'now' })(Declared);
    return defineConsumers([new Declared()])[0]!;
  }

  const missing = (version: number) =>
    expect.objectContaining({
      code: 'PIKAIA_UPCASTER_MISSING',
      message: expect.stringContaining(
        `cannot read version ${version}, whose events may still be stored. Add @Upcast from version ${version} to version ${version + 1}, or a handler of version ${version}`,
      ),
    });

  it('routes each version to its own handler, or else to that of the next higher version', () => {
    const consumer = define(ParcelSent, ParcelSentV3);
    const routes = [1, 2, 3, 4].map((version) => consumer.routeOf('parcel.sent', version));
    expect(routes.map((route) => route?.handler.contract.version)).toEqual([1, 3, 3, undefined]);
    expect(routes.map((route) => route?.path.steps.length)).toEqual([0, 1, 0, undefined]);
  });

  it('does not start if an older version has neither a handler nor an upcaster, even if its class is not loaded', () => {
    expect(() => define(ParcelLostV2)).toThrow(missing(1));
    expect(() => define(ParcelFoundV3)).toThrow(missing(2));
    expect(() => define(ParcelLost, ParcelLostV2)).not.toThrow();
  });

  it('starts without the versions below oldestVersion', () => {
    for (const contracts of [[ParcelFoundV2, ParcelFoundV3], [ParcelBurnt]]) expect(() => define(...contracts)).not.toThrow();
  });

  it('names the newer versions that the process knows and the consumer does not handle', () => {
    const logs = captureLogs();
    define(ParcelSent);
    define(ParcelLost, ParcelLostV2);
    logs.restore();
    expect(logs.records).toMatchObject([
      {
        event: 'consumer_versions_unhandled',
        level: 'WARNING',
        consumer: 'tracking',
        event_type: 'parcel.sent',
        versions: [2, 3],
      },
    ]);
  });
});
