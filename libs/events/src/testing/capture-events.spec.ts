import { Injectable, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context } from '@pikaia/core';
import { Propagation, Transactional } from '@pikaia/database';
import { Type } from 'class-transformer';
import { IsDate, IsInt, IsOptional } from 'class-validator';
import { parseEvent } from '../consume/event.parser.js';
import { DomainEvent } from '../contract/domain-event.js';
import { Events } from '../record/events.service.js';
import { captureEvents, createEvent, expectPublished, type CapturedEvents } from './capture-events.js';

@DomainEvent('tune.played', { version: 1, aggregate: 'tune' })
class TunePlayed {
  @IsInt()
  seconds!: number;

  @IsOptional()
  @IsDate()
  @Type(() => Date)
  at?: Date;
}

@DomainEvent('tune.skipped', { version: 1, aggregate: 'tune' })
class TuneSkipped {}

@Injectable()
class Player {
  constructor(readonly events: Events) {}

  @Transactional()
  async play(seconds: number, work?: () => unknown): Promise<void> {
    await this.events.publish(TunePlayed, { id: 'tune-1' }, { seconds, at: new Date(0) });
    await work?.();
  }

  @Transactional(Propagation.Nested)
  async playInSavepoint(seconds: number, work?: () => unknown): Promise<void> {
    await this.play(seconds, work);
  }
}

const fail = (): never => {
  throw new Error('no');
};
const inContext = <T>(work: () => T): T =>
  context.run({ organizationId: 'org_abc', actor: { type: 'user', id: '7', name: 'Ada' } }, work);

describe('captureEvents', () => {
  let captured: CapturedEvents;
  let app: INestApplicationContext;
  let player: Player;

  beforeEach(async () => {
    const clock = { now: () => new Date('2026-01-17T10:23:45.123Z'), monotonic: () => 0 };
    captured = captureEvents({ clock });
    class TestedModule {}
    const module = { module: TestedModule, imports: [captured.module], providers: [Player] };
    app = await NestFactory.createApplicationContext(module, { logger: false });
    player = app.get(Player);
  });
  afterEach(() => app.close());

  it('collects the events of committed transactions with what the context says, and their data as a consumer reads it', async () => {
    await inContext(() => player.play(5));
    expect(captured.events).toEqual([
      {
        event_id: expect.any(String),
        event_type: 'tune.played',
        schema_version: 1,
        occurred_at: '2026-01-17T10:23:45.123Z',
        aggregate_type: 'tune',
        aggregate_id: 'tune-1',
        organization_id: 'org_abc',
        correlation_id: expect.any(String),
        actor: { type: 'user', id: '7' },
        data: { seconds: 5, at: new Date(0) },
      },
    ]);
    const [event] = captured.of(TunePlayed);
    expect(event!.data).toBeInstanceOf(TunePlayed);
    const stored = JSON.parse(JSON.stringify(event)) as Parameters<typeof parseEvent>[1];
    expect((await parseEvent(TunePlayed, stored)).data).toEqual(event!.data);
    captured.clear();
    expect([captured.events, captured.of(TunePlayed)]).toEqual([[], []]);
  });

  it('drops the events of transactions and savepoints that are rolled back', async () => {
    await inContext(async () => {
      await expect(player.play(1, fail)).rejects.toThrow('no');
      await player.play(2, async () => {
        await player.playInSavepoint(3, fail).catch(() => undefined);
        await player.playInSavepoint(4);
      });
    });
    expect(captured.of(TunePlayed).map(({ data }) => data.seconds)).toEqual([2, 4]);
  });

  it('refuses what production refuses: invalid data, a call outside @Transactional(), and a call outside a context', async () => {
    await inContext(async () => {
      await expect(player.play(1.5)).rejects.toMatchObject({ code: 'PIKAIA_EVENT_INVALID' });
      const outside = player.events.publish(TunePlayed, { id: '1' }, { seconds: 1 });
      await expect(outside).rejects.toMatchObject({ code: 'PIKAIA_EVENT_OUTSIDE_TRANSACTION' });
    });
    await expect(player.play(1)).rejects.toMatchObject({ code: 'PIKAIA_CONTEXT_MISSING' });
    expect(captured.events).toEqual([]);
  });

  it('collects an event that is published through an executor at once, without calling the executor', async () => {
    const executor = { query: fail };
    await inContext(() => player.events.publish(TunePlayed, { id: '1' }, { seconds: 9 }, { executor }));
    expectPublished(captured, TunePlayed, { data: { seconds: 9 } });
  });

  it('returns a token from runWithToken, so the code under test can pass it on', async () => {
    const { token } = await inContext(() => player.events.runWithToken(() => player.play(5)));
    expect(token).toEqual(expect.any(String));
    expectPublished(captured, TunePlayed);
  });

  it('each capture has its own events', async () => {
    await inContext(() => player.play(5));
    expect(captureEvents().events).toEqual([]);
  });

  describe('expectPublished', () => {
    beforeEach(() =>
      inContext(async () => {
        await player.play(5);
        await player.play(7);
      }),
    );

    it('returns the only event that is as expected', () => {
      expect(expectPublished(captured, TunePlayed, { aggregate_id: 'tune-1', data: { seconds: 7 } }).data.seconds).toBe(7);
      expect(expectPublished(captured, TunePlayed, ({ data }) => data.seconds < 6).data.seconds).toBe(5);
    });

    it('fails with the values of the events that differ', () => {
      expect(() => expectPublished(captured, TunePlayed, { data: { seconds: 6 } })).toThrow(
        'tune.played version 1 was not published as expected:\n  1: data.seconds is 5, expected 6\n  2: data.seconds is 7, expected 6',
      );
    });

    it('fails if several events are as expected, and names the other types if there is no event', () => {
      expect(() => expectPublished(captured, TunePlayed)).toThrow('2 times instead of once');
      expect(() => expectPublished(captured, TuneSkipped)).toThrow(
        'tune.skipped version 1 was not published. These were: tune.played.',
      );
    });
  });
});

describe('createEvent', () => {
  it('builds a valid event with what the context says, or without a context', () => {
    const event = inContext(() => createEvent(TunePlayed, { id: 1n, organizationId: null }, { seconds: 3 }));
    expect(event).toMatchObject({ aggregate_id: '1', organization_id: null, actor: { id: '7' }, data: { seconds: 3 } });
    expect(createEvent(TunePlayed, { id: '1' }, { seconds: 1 })).toMatchObject({ organization_id: null, actor: null });
  });

  it('refuses invalid data', () => {
    expect(() => createEvent(TunePlayed, { id: '1' }, { seconds: Number.NaN })).toThrow(
      expect.objectContaining({ code: 'PIKAIA_EVENT_INVALID' }),
    );
  });
});
