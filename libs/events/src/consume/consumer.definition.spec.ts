import { IsString } from 'class-validator';
import { DomainEvent } from '../contract/domain-event.js';
import { Consumer, Handles } from './consumer.decorator.js';
import { defineConsumers } from './consumer.definition.js';

@DomainEvent('parcel.sent', { version: 1, aggregate: 'parcel' })
class ParcelSent {
  @IsString()
  to!: string;
}

class Tracking {
  @Handles(ParcelSent, { effect: 'external' })
  track(): void {}
}

const consumer = (name: string, base: typeof Tracking | typeof Object = Tracking, options: object = {}) => {
  @Consumer(name, { from: 'now', ...options })
  class Declared extends base {}
  return new Declared();
};

const refusal = (why: string) =>
  expect.objectContaining({ code: 'PIKAIA_CONSUMER_INVALID', message: expect.stringContaining(why) });

describe('defineConsumers', () => {
  it('finds consumers among other providers, including inherited handlers', () => {
    const found = defineConsumers([new Map(), consumer('tracking'), {}]);
    expect(found).toEqual([expect.objectContaining({ name: 'tracking', from: 'now', types: ['parcel.sent'] })]);
    expect(found[0]!.routeOf('parcel.sent', 1)?.handler).toMatchObject({
      method: 'track',
      effect: 'external',
      timeoutMs: 30_000,
    });
    expect(found[0]!.routeOf('parcel.sent', 2)).toBeUndefined();
  });

  it('defines one consumer for an instance that two modules provide', () => {
    const one = consumer('tracking');
    expect(defineConsumers([one, one])).toHaveLength(1);
  });

  it.each([
    [{}, 4],
    [{ concurrency: undefined }, 4],
    [{ concurrency: 1 }, 1],
    [{ concurrency: 100 }, 100],
  ])('the options %j give a concurrency of %i', (options, concurrency) => {
    expect(defineConsumers([consumer('tracking', Tracking, options)])).toMatchObject([{ concurrency }]);
  });

  it.each([null, NaN, Infinity, 0, -1, 1.5, 101, '4', true, 4n])('refuses the concurrency %p', (concurrency) => {
    const instance = consumer('tracking', Tracking, { concurrency });
    expect(() => defineConsumers([instance])).toThrow(refusal('Consumer tracking: set concurrency to an integer from 1 to 100'));
  });

  it.each([
    ['a name that two classes use', () => [consumer('tracking'), consumer('tracking')], 'two classes use this name'],
    ['a malformed name', () => [consumer('Tracking!')], 'lower-case words'],
    ['a consumer without handlers', () => [consumer('tracking', Object)], 'has no handler'],
    ['@Handles without @Consumer', () => [new Tracking()], 'no @Consumer'],
    [
      'two handlers of one contract',
      () => {
        class Twice extends Tracking {
          @Handles(ParcelSent, { effect: 'database' })
          again(): void {}
        }
        return [consumer('tracking', Twice)];
      },
      'two handlers',
    ],
  ])('refuses %s', (_name, instances, why) => {
    expect(() => defineConsumers(instances())).toThrow(refusal(why));
  });
});
