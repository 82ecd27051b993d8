import { context, TextMask } from '@pikaia/core';
import { nestLogger } from '../nest/nest-logger.js';
import { getLogger } from '../logger.js';
import { captureLogs } from '../testing/index.js';
import { maskLogLines } from './line-mask.js';

const EMAIL = 'frank@example.com';
const logger = getLogger('spec');
const mask = TextMask.of([EMAIL, 'Frank Fox']);

describe('maskLogLines', () => {
  it('masks fields, keys, messages and errors of all later lines of the context, and of no other context', async () => {
    using logs = captureLogs();
    await context.run({ actor: { type: 'user', id: 'u1', email: EMAIL } }, async () => {
      logger.info('line_written', { to: EMAIL });
      maskLogLines(mask);
      await Promise.resolve();
      logger.child({ name: 'Frank Fox' }).info('line_written', { to: [EMAIL], [EMAIL]: 1, text: `to <${EMAIL}>` });
      logger.exception('send_failed', new Error(`no mailbox ${EMAIL}`, { cause: new TypeError(EMAIL) }));
      nestLogger().log(`sent to ${EMAIL}`);
    });
    context.run({}, () => logger.info('line_written', { to: EMAIL }));
    const [before, after, failed, nest, other] = logs.records;
    expect([before!['to'], other!['to']]).toEqual([EMAIL, EMAIL]);
    expect(after).toMatchObject({ to: ['[masked]'], text: 'to <[masked]>', name: '[masked]' });
    expect(failed).toMatchObject({ 'error.message': 'no mailbox [masked]' });
    expect(nest).toMatchObject({ message: 'sent to [masked]' });
    for (const { 'usr.email': usr, ...line } of [after!, failed!, nest!]) {
      expect(usr).toBe(EMAIL); // a field of the context: support searches by it
      expect(JSON.stringify(line)).not.toContain(EMAIL);
    }
  });

  it('masks a text at the place where a line is cut', () => {
    using logs = captureLogs();
    context.run({}, () => {
      maskLogLines(mask);
      logger.info('line_written', { text: `${'x'.repeat(2_040)}${EMAIL}` });
    });
    expect(String(logs.one('line_written')['text'])).not.toContain('frank');
  });

  it('does nothing outside any context', () => {
    using logs = captureLogs();
    maskLogLines(mask);
    logger.info('line_written', { to: EMAIL });
    expect(logs.one('line_written')).toMatchObject({ to: EMAIL });
  });
});
