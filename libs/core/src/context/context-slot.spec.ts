import { ClsServiceManager } from 'nestjs-cls';
import { setTimeout as delay } from 'node:timers/promises';
import { ContextSlot } from './context-slot.js';
import { context } from './context.js';

describe('ContextSlot', () => {
  it('returns undefined outside any context', () => {
    const slot = new ContextSlot(() => ({ count: 0 }));
    expect([slot.getOrCreate(), slot.get()]).toEqual([undefined, undefined]);
  });

  it('has no value until it is created, then one value for the whole context, also in copies of the CLS store', async () => {
    const slot = new ContextSlot(() => ({ count: 0 }));
    await context.run({}, async () => {
      expect(slot.get()).toBeUndefined();
      const later = delay(1).then(() => slot.get());
      ClsServiceManager.getClsService().run({ ifNested: 'inherit' }, () => slot.getOrCreate()!.count++);
      slot.getOrCreate()!.count++;
      context.bind({ organizationId: 'acme' });
      expect(slot.get()).toEqual({ count: 2 });
      expect(await later).toBe(slot.get());
    });
  });

  it('has a separate value for each context and each slot', () => {
    const slot = new ContextSlot(() => ({ count: 0 }));
    const other = new ContextSlot(() => ({ count: 0 }));
    context.run({}, () => {
      slot.getOrCreate()!.count = 7;
      context.run({}, () => expect(slot.getOrCreate()).toEqual({ count: 0 }));
      expect([slot.get(), other.get()]).toEqual([{ count: 7 }, undefined]);
    });
  });
});
