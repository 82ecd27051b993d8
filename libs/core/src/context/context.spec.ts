import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { ClsServiceManager } from 'nestjs-cls';
import { context, type Actor } from './context.js';

const user = (id: string): Actor => ({ type: 'user', id });

describe('context', () => {
  it('is undefined outside of run, where correlationId and bind throw', () => {
    expect(context.current).toBeUndefined();
    expect(context.actor).toBeUndefined();
    expect(context.organizationId).toBeUndefined();
    expect(() => context.correlationId).toThrow(expect.objectContaining({ code: 'PIKAIA_CONTEXT_MISSING' }));
    expect(() => context.bind({ organizationId: 'acme' })).toThrow(expect.objectContaining({ code: 'PIKAIA_CONTEXT_MISSING' }));
  });

  it('creates a new correlation id for each run, unless the caller passes one', () => {
    const first = context.run({}, () => context.correlationId);
    const second = context.run({}, () => context.correlationId);
    expect(first).not.toBe(second);
    expect(context.run({ correlationId: 'given', origin: 'client' }, () => context.current)).toEqual({
      correlationId: 'given',
      origin: 'client',
    });
  });

  it('isolates an inner run from the outer run in both directions', () => {
    context.run({ organizationId: 'outer' }, () => {
      context.run({}, () => {
        expect(context.organizationId).toBeUndefined();
        context.bind({ organizationId: 'inner', actor: user('u1') });
      });
      expect(context.organizationId).toBe('outer');
      expect(context.actor).toBeUndefined();
    });
    expect(context.current).toBeUndefined();
  });

  it('shows values that are bound later to all code that the run started, also in copies of the CLS store', async () => {
    await context.run({}, async () => {
      const seen: (string | undefined)[] = [];
      const emitter = new EventEmitter().on('look', () => seen.push(context.actor?.id));
      const timer = delay(5).then(() => seen.push(context.actor?.id));
      // Like a guard inside a transaction:
      ClsServiceManager.getClsService().run({ ifNested: 'inherit' }, () => context.bind({ actor: user('u1') }));
      emitter.emit('look');
      await timer;
      expect(seen).toEqual(['u1', 'u1']);
    });
  });

  it('returns immutable snapshots', () => {
    context.run({ organizationId: 'acme' }, () => {
      const before = context.current!;
      context.bind({ actor: user('u1') });
      expect(before.actor).toBeUndefined();
      expect(() => Object.assign(before, { organizationId: 'globex' })).toThrow(TypeError);
      expect(() => Object.assign(context.current!, { organizationId: 'globex' })).toThrow(TypeError);
    });
  });

  it('keeps the correlation id when other values are bound', () => {
    context.run({ correlationId: 'given' }, () => {
      context.bind({ organizationId: 'acme' });
      expect(context.correlationId).toBe('given');
    });
  });

  it('returns verified ids as text, and refuses a context whose ids are not usable', () => {
    const correlationId = '0198A0A0-0000-7000-8000-000000000001';
    const ids = { correlationId, causationId: null, organizationId: null, actor: { type: 'user', id: 7, email: '', name: null } };
    context.run(ids as never, () => {
      expect(context.verified).toEqual({
        correlationId: correlationId.toLowerCase(),
        origin: 'server',
        actor: { type: 'user', id: '7' },
      });
    });
    const invalid = [
      { correlationId: 'given' },
      { causationId: 'given' },
      { organizationId: ' ' },
      { actor: 'alice' },
      { actor: { type: 'user' } },
      { actor: { type: '', id: '1' } },
      { actor: { type: 'user', id: '1', name: {} } },
    ];
    for (const snapshot of invalid) {
      context.run(snapshot as never, () =>
        expect(() => context.verified).toThrow(expect.objectContaining({ code: 'PIKAIA_CONTEXT_INVALID' })),
      );
    }
    expect(() => context.verified).toThrow(expect.objectContaining({ code: 'PIKAIA_CONTEXT_MISSING' }));
  });

  it('runs the callback of exit without a context', () => {
    context.run({}, () => {
      expect(context.exit(() => context.current)).toBeUndefined();
      expect(context.current).toBeDefined();
    });
  });

  it('never mixes the values of concurrent runs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(fc.nat(2), { maxLength: 5 }), { minLength: 2, maxLength: 40 }), async (runs) => {
        await Promise.all(
          runs.map((pauses, index) =>
            context.run({ correlationId: `run ${index}` }, async () => {
              context.bind({ actor: user(`user ${index}`) });
              for (const pause of pauses) {
                await (pause ? delay(pause - 1) : null);
                expect([context.correlationId, context.actor?.id]).toEqual([`run ${index}`, `user ${index}`]);
              }
            }),
          ),
        );
      }),
      { seed: 15, numRuns: 25 },
    );
  });
});
