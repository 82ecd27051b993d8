import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { NestFactory } from '@nestjs/core';
import { CLS_ID, ClsModule, ClsServiceManager, UseCls } from 'nestjs-cls';
import { newId } from '../identifier.js';
import { context, inCallerContext } from './context.js';

const cls = ClsServiceManager.getClsService();
const user = (id: string) => ({ actor: { type: 'user', id } }) as const;

class Jobs {
  @UseCls<[work: () => unknown]>({ generateId: true, idGenerator: () => newId() })
  async run(work: () => unknown): Promise<unknown> {
    return work();
  }
}

/** The ways of nestjs-cls to open a store in code, and how a guard, an interceptor and a middleware open theirs. */
const WAYS: Readonly<Record<string, <T>(work: () => T | Promise<T>) => Promise<T>>> = {
  'cls.run': async (work) => cls.run(work),
  'cls.run with ifNested override': async (work) => cls.run({ ifNested: 'override' }, work),
  'cls.run with ifNested reuse': async (work) => cls.run({ ifNested: 'reuse' }, work),
  'cls.runWith': async (work) => cls.runWith({} as never, work),
  '@UseCls': async (work) => new Jobs().run(work) as never,
  'a guard with cls.enterWith': async (work) => {
    cls.enterWith({} as never);
    await setImmediate();
    return work();
  },
  'a middleware with cls.exit and cls.enter': async (work) =>
    cls.exit(() => {
      cls.enter();
      return work();
    }),
};

beforeAll(() => NestFactory.createApplicationContext(ClsModule.forRoot(), { logger: false })); // @UseCls needs it

describe.each(Object.entries(WAYS))('with %s', (_, open) => {
  it('code inside a context has this context', async () => {
    await context.run({ organizationId: 'acme' }, async () => {
      const { correlationId } = context;
      await open(async () => {
        expect([context.correlationId, context.organizationId]).toEqual([correlationId, 'acme']);
        context.bind(user('u1'));
        await setImmediate();
        expect(context.actor?.id).toBe('u1');
      });
      expect(context.actor?.id).toBe('u1'); // all code of the context shares it
    });
    expect(context.current).toBeUndefined();
  });

  it('code outside any context gets one context, which copies of the store share', async () => {
    const outside = (work: () => Promise<void>) => new Promise((resolve) => resolve(context.exit(() => open(work))));
    await outside(async () => {
      const { correlationId } = context;
      context.bind(user('u1'));
      await cls.run({ ifNested: 'inherit' }, setImmediate);
      cls.run({ ifNested: 'inherit' }, () => expect([context.correlationId, context.actor?.id]).toEqual([correlationId, 'u1']));
    });
    await outside(async () => expect(context.actor).toBeUndefined());
  });
});

it('the context of a store has the id of the store if that is a UUID, else its own', () => {
  const id = newId();
  cls.runWith({ [CLS_ID]: id.toUpperCase() } as never, () => expect(context.correlationId).toBe(id));
  cls.runWith({ [CLS_ID]: 'abc' } as never, () => expect(context.verified).toMatchObject({ origin: 'server' }));
});

it('inCallerContext gives the CLS stores of its work the context of the caller, or none', () => {
  inCallerContext(() => cls.run(() => expect(context.current).toBeUndefined()));
  const seen: string[] = [];
  const open = () => inCallerContext(() => cls.run({ ifNested: 'inherit' }, () => seen.push(context.correlationId)));
  cls.run(() => [open(), open()]);
  expect(seen[0]).toBe(seen[1]);
  context.run({}, () => inCallerContext(() => expect(context.current).toBeDefined()));
});

it('an actor that is bound inside a context, a store or an exit never remains outside', async () => {
  const step = fc.oneof(
    fc.constant('bind' as const),
    fc.constant('wait' as const),
    fc.record({ way: fc.constantFrom('run', 'exit', ...Object.keys(WAYS)), steps: fc.nat(3) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { maxLength: 12 }), { minLength: 1, maxLength: 8 }), async (programs) => {
      let actors = 0;
      /** Runs the steps; `expected` is the actor of the surrounding context, undefined if there is none. */
      const execute = async (steps: readonly (typeof programs)[number][number][], bound: { actor?: string }): Promise<void> => {
        for (let at = 0; at < steps.length; at++) {
          const current = steps[at]!;
          if (current === 'wait') await setImmediate();
          else if (current === 'bind') {
            bound.actor = `actor ${actors++}`;
            context.bind(user(bound.actor));
          } else {
            const inner = steps.slice(at + 1, at + 1 + current.steps);
            at += current.steps;
            if (current.way === 'run') await context.run({}, () => execute(inner, {}));
            else if (current.way === 'exit') {
              await context.exit(async () => {
                expect(context.current).toBeUndefined();
                await context.run({}, () => execute(inner, {}));
                expect(context.current).toBeUndefined();
              });
            } else await WAYS[current.way]!(() => execute(inner, bound));
          }
          expect(context.actor?.id).toBe(bound.actor);
        }
      };
      await Promise.all(programs.map((steps) => context.run({}, () => execute(steps, {}))));
      expect(context.current).toBeUndefined();
    }),
    { seed: 50, numRuns: 100 },
  );
});
