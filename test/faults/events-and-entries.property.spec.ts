import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Audit, auditAction, AuditModule } from '@pikaia/audit';
import { context, newId, type PikaiaError } from '@pikaia/core';
import { DatabaseModule, Propagation, Transactional } from '@pikaia/database';
import { DomainEvent, Events, EventsModule } from '@pikaia/events';
import { IsInt } from 'class-validator';
import fc from 'fast-check';
import { ClsModule } from 'nestjs-cls';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../support/database/database.js';

@DomainEvent('door.opened', { version: 1, aggregate: 'door' })
class DoorOpened {
  @IsInt()
  count!: number;
}

@DomainEvent('door.opened', { version: 2, aggregate: 'door' })
class DoorOpenedV2 {
  @IsInt()
  count!: number;
}

@DomainEvent('door.seen', { version: 1, aggregate: 'door' })
class DoorSeen {
  @IsInt()
  count!: number;
}

const about = { aggregate: 'door', changes: 'none', description: 'Recorded by a spec.' } as const;
const ACTIONS = {
  opened: auditAction('door.opened', { ...about, event: DoorOpened }),
  forced: auditAction('door.forced', { ...about, event: DoorOpenedV2 }),
  inspected: auditAction('door.inspected', about),
};
const EVENTS = { DoorOpened, DoorOpenedV2, DoorSeen };

type Door = 0 | 1;
type Step =
  | { readonly do: 'publish'; readonly event: keyof typeof EVENTS; readonly door: Door }
  | { readonly do: 'record'; readonly action: keyof typeof ACTIONS; readonly door: Door }
  | { readonly do: 'savepoint'; readonly steps: readonly Step[]; readonly fails: boolean };

@Injectable()
class Interpreter {
  constructor(
    private readonly events: Events,
    private readonly audit: Audit,
  ) {}

  @Transactional()
  async run(doors: readonly string[], steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step.do === 'publish') await this.events.publish(EVENTS[step.event], { id: doors[step.door]! }, { count: 1 });
      else if (step.do === 'record') await this.audit.record(ACTIONS[step.action], { type: 'door', id: doors[step.door]! });
      else await this.inSavepoint(doors, step).catch(() => undefined);
    }
  }

  @Transactional(Propagation.Nested)
  private async inSavepoint(doors: readonly string[], { steps, fails }: Extract<Step, { do: 'savepoint' }>): Promise<void> {
    await this.run(doors, steps);
    if (fails) throw new Error('planned');
  }
}

/** The steps that survive savepoints. */
const kept = (steps: readonly Step[]): Exclude<Step, { do: 'savepoint' }>[] =>
  steps.flatMap((step) => (step.do !== 'savepoint' ? [step] : step.fails ? [] : kept(step.steps)));

/** Predicts the outcome: each entry of an action with an event needs the event about the same door, and the other way round. */
function predict(steps: readonly Step[]): { committed: boolean; events: number; entries: number } {
  const survivors = kept(steps);
  const events = survivors.filter((step) => step.do === 'publish');
  const entries = survivors.filter((step) => step.do === 'record');
  const needEvent = entries.filter(({ action }) => action !== 'inspected');
  const needEntry = events.filter(({ event }) => event !== 'DoorSeen');
  const committed =
    needEvent.every(({ door }) => needEntry.some((event) => event.door === door)) &&
    needEntry.every(({ door }) => needEvent.some((entry) => entry.door === door));
  return { committed, events: committed ? events.length : 0, entries: committed ? entries.length : 0 };
}

let database: TestDatabase;
let owner: pg.Client;
let app: INestApplicationContext;

beforeAll(async () => {
  database = await createDatabase();
  owner = await connect(database.ownerUrl);
  const settings = { databaseUrl: database.apiUrl, databasePoolSize: 4, databaseStatementTimeoutMs: 5_000 };
  @Module({
    imports: [
      ClsModule.forRoot({ global: true }),
      DatabaseModule.forRoot({ settings, applicationName: 'spec' }),
      EventsModule.forRoot({ databaseUrl: database.apiUrl }),
      AuditModule.forRoot(),
    ],
    providers: [Interpreter],
  })
  class SpecModule {}
  app = await NestFactory.createApplicationContext(SpecModule, { logger: false });
});

afterAll(async () => {
  await app.close();
  await owner.end();
  await database.drop();
});

/** Runs the steps in one transaction on two new doors. Returns what is stored, and the error of a refused transaction. */
async function run(steps: readonly Step[], doors: readonly string[] = [newId(), newId()]) {
  const error = await context.run({ actor: { type: 'system', id: 'spec' } }, () =>
    app
      .get(Interpreter)
      .run(doors, steps)
      .then(
        () => undefined,
        (thrown: PikaiaError) => thrown,
      ),
  );
  const { rows } = await owner.query<{ events: number; entries: number }>(
    `select (select count(*) from outbox.outbox_log where aggregate_id = any ($1))::int as events,
       (select count(*) from audit.record where aggregate_id = any ($1))::int as entries`,
    [doors],
  );
  return { error, ...rows[0]! };
}

const publish = (event: keyof typeof EVENTS, door: Door = 0): Step => ({ do: 'publish', event, door });
const record = (action: keyof typeof ACTIONS, door: Door = 0): Step => ({ do: 'record', action, door });
const savepoint = (fails: boolean, ...steps: Step[]): Step => ({ do: 'savepoint', steps, fails });

describe('a transaction with events and audit entries', () => {
  it.each<[string, Step[], string, string]>([
    ['an entry without its event', [record('opened')], 'PIKAIA_AUDIT_EVENT_MISSING', 'door.opened'],
    ['an event without its entry', [publish('DoorOpened')], 'PIKAIA_AUDIT_ENTRY_MISSING', 'door.opened or door.forced'],
    ['an event of another version without its entry', [publish('DoorOpenedV2')], 'PIKAIA_AUDIT_ENTRY_MISSING', 'door.opened'],
    ['an entry and its event about another door', [publish('DoorOpened', 1), record('opened')], 'PIKAIA_AUDIT_', 'door.opened'],
    [
      'an entry whose event a savepoint rolled back',
      [savepoint(true, publish('DoorOpened')), record('opened')],
      'PIKAIA_AUDIT_EVENT_MISSING',
      'same aggregate',
    ],
    [
      'an event whose entry a savepoint rolled back',
      [publish('DoorOpened'), savepoint(true, record('opened'))],
      'PIKAIA_AUDIT_ENTRY_MISSING',
      'same aggregate',
    ],
  ])('is rolled back if it has %s', async (_, steps, code, message) => {
    const { error, events, entries } = await run(steps);
    expect(error).toMatchObject({ code: expect.stringContaining(code), message: expect.stringContaining(message) });
    expect({ events, entries }).toEqual({ events: 0, entries: 0 });
  });

  it.each<[string, Step[]]>([
    ['an entry and its event, in this order', [record('opened'), publish('DoorOpened')]],
    ['two versions of an event and one entry', [publish('DoorOpened'), publish('DoorOpenedV2'), record('forced')]],
    ['an event that no action declares, and an action without an event', [publish('DoorSeen'), record('inspected', 1)]],
    ['an event and, in a savepoint, its entry', [publish('DoorOpened'), savepoint(false, record('opened'))]],
  ])('commits if it has %s', async (_, steps) => {
    expect((await run(steps)).error).toBeUndefined();
  });

  it('with ids that contain spaces and other letters is checked by the whole id', async () => {
    const doors = ['door.opened 1 é', '1 é'];
    expect((await run([record('opened'), publish('DoorOpened')], doors)).error).toBeUndefined();
    expect((await run([record('opened', 1), publish('DoorOpened')], doors)).error).toBeDefined();
  });

  const leaf = fc.oneof(
    fc.record({
      do: fc.constant('publish' as const),
      event: fc.constantFrom('DoorOpened' as const, 'DoorOpenedV2' as const, 'DoorSeen' as const),
      door: fc.constantFrom<Door>(0, 1),
    }),
    fc.record({
      do: fc.constant('record' as const),
      action: fc.constantFrom('opened' as const, 'forced' as const, 'inspected' as const),
      door: fc.constantFrom<Door>(0, 1),
    }),
  );
  const { step } = fc.letrec<{ step: Step }>((tie) => ({
    step: fc.oneof(
      { depthSize: 'small' },
      { arbitrary: leaf, weight: 4 },
      {
        arbitrary: fc.record({
          do: fc.constant('savepoint' as const),
          steps: fc.array(tie('step'), { maxLength: 3 }),
          fails: fc.boolean(),
        }),
        weight: 1,
      },
    ),
  }));

  it('commits exactly if each entry has its event and each event its entry, whatever savepoints do', async () => {
    const seen = { committed: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
        const { committed, ...stored } = predict(steps);
        const { error, ...found } = await run(steps);
        seen[committed ? 'committed' : 'refused']++;
        expect({ committed: error === undefined, ...found }).toEqual({ committed, ...stored });
      }),
      { numRuns: 300, seed: 35 },
    );
    expect(Math.min(seen.committed, seen.refused)).toBeGreaterThan(50);
  });
});
