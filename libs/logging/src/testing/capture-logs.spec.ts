import { context } from '@pikaia/core';
import { getLogger } from '../logger.js';
import { captureLogs, type CapturedLogs } from './index.js';

const logger = getLogger('spec');

describe('captureLogs', () => {
  let logs: CapturedLogs;
  beforeEach(() => {
    logs = captureLogs();
    logger.info('order_placed', { order: 7, note: 'on its way', items: [{ id: 1 }] });
    logger.info('order_placed', { order: 8 });
    logger.warning('stock_low', { left: 2 });
  });
  afterEach(() => logs.restore());

  it('of finds records by event and by fields: values, patterns, predicates and absence', () => {
    const orders = (fields: object) => logs.of('order_placed', { ...fields }).map((record) => record['order']);
    expect(orders({})).toEqual([7, 8]);
    expect(orders({ items: [{ id: 1 }] })).toEqual([7]);
    expect(orders({ note: /WAY$/gi })).toEqual([7]);
    expect(orders({ order: (order: number) => order > 7 })).toEqual([8]);
    expect(orders({ note: undefined, level: 'INFO' })).toEqual([8]);
  });

  it('one returns the only matching record, or fails with a list of the existing records', () => {
    expect(logs.one('order_placed', { order: 7 })).toMatchObject({ note: 'on its way' });
    expect(() => logs.one('order_placed')).toThrow(/^2 records instead of one: order_placed/);
    expect(() => logs.one('order_placed', { order: 9, note: /way/ })).toThrow(
      'no records instead of one: order_placed order=9 note=/way/\norder_placed order=7\norder_placed order=8 note=undefined',
    );
    expect(() => logs.one('order_paid')).toThrow('There were: order_placed, stock_low.');
  });

  it('none passes if no record matches, and fails otherwise', () => {
    logs.none('order_placed', { order: 9 });
    expect(() => logs.none('order_placed', { order: 7 })).toThrow(/^1 records instead of none: order_placed order=7/);
  });

  it('until waits for a record and fails after its timeout', async () => {
    setTimeout(() => logger.info('order_paid', { order: 7 }), 10);
    expect(await logs.until('order_paid', { order: 7 })).toMatchObject({ level: 'INFO' });
    await expect(logs.until('order_paid', { order: 8 }, 20)).rejects.toThrow(/^no record within 20 ms: order_paid order=8/);
  });

  it('a nested capture collects records from its level up, and restore returns records to the outer capture', () => {
    context.run({ correlationId: 'c1' }, () => logger.info('order_paid'));
    expect(logs.one('order_paid', { trace_id: 'c1' }).event).toBe('order_paid');
    using inner = captureLogs('warning');
    logger.info('not_taken');
    logger.error('taken');
    inner.restore();
    logger.info('outside');
    expect(inner.records.map(({ event }) => event)).toEqual(['taken']);
    logs.none('taken');
    logs.one('outside');
  });
});
