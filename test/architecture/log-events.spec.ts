import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventCatalog, eventsDocument, logLinesOf } from '../../scripts/log-events/catalog.ts';

describe('docs/log-events.md', () => {
  it('lists every log event of the code (to update it, run: npm run docs:log-events)', () => {
    const written = readFileSync(join(__dirname, '../../docs/log-events.md'), 'utf8');
    expect(eventsDocument(eventCatalog())).toBe(written);
  });

  it('the generator finds the level, the logger and the fields of a log call', () => {
    const lines = logLinesOf(
      'libs/events/src/planted.ts',
      `const logger = getLogger('planted');
      const also = { elsewhere: 1 };
      logger.warning('seen_plainly', { one: 1, 'two.three': 2, [LogField.duration]: 3, ...also, ...(isFour && { four: 4 }) });
      logger.exception('seen_with_error', new Error('x'), given ? also : {});
      logger.child({ five: 5 }).debug('seen_with_more', { six: 6, ...seven() });
      writeLine({ level: 'info', logger: 'inner', event: 'seen_in_library', fields: { eight: 8 }, thrown: [error] });`,
    );
    const shape = lines.map(({ event, levels, loggers, fields, open, thrown }) =>
      [event, ...levels, ...loggers, ...fields, open && 'open', thrown && 'thrown'].filter(Boolean).join(' '),
    );
    expect(shape).toEqual([
      'seen_plainly warning planted one two.three duration elsewhere four',
      'seen_with_error error planted elsewhere thrown',
      'seen_with_more debug planted six open',
      'seen_in_library info inner eight thrown',
    ]);
  });

  it('the generator rejects an event name that is not a literal, and names the place', () => {
    const text = "const logger = getLogger('planted');\nlogger.info(name as never);";
    expect(() => logLinesOf('libs/events/src/planted.ts', text)).toThrow(
      'libs/events/src/planted.ts:2: the name of the event is not a literal',
    );
  });
});
