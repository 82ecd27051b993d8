import { ClsServiceManager } from 'nestjs-cls';
import { setTimeout as delay } from 'node:timers/promises';
import { ContextSlot } from './context-slot.js';
import { context } from './context.js';

describe('ContextSlot', () => {
  it('returns undefined outside any context', () => {
    const slot = new ContextSlot(() => ({ count: 0 }));
    expect([slot.open(), slot.peek()]).toEqual([undefined, undefined]);
  });

  it('has no value until it is opened, then one value for the whole context, also in copies of the CLS store', async () => {
    const slot = new ContextSlot(() => ({ count: 0 }));
    await context.run({}, async () => {
      expect(slot.peek()).toBeUndefined();
      const later = delay(1).then(() => slot.peek());
      ClsServiceManager.getClsService().run({ ifNested: 'inherit' }, () => slot.open()!.count++);
      slot.open()!.count++;
      context.bind({ organizationId: 'acme' });
      expect(slot.peek()).toEqual({ count: 2 });
      expect(await later).toBe(slot.peek());
    });
  });

  it('has a separate value for each context and each slot', () => {
    const slot = new ContextSlot(() => ({ count: 0 }));
    const other = new ContextSlot(() => ({ count: 0 }));
    context.run({}, () => {
      slot.open()!.count = 7;
      context.run({}, () => expect(slot.open()).toEqual({ count: 0 }));
      expect([slot.peek(), other.peek()]).toEqual([{ count: 7 }, undefined]);
    });
  });
});
