import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventCatalogue, eventsDocument } from '../../scripts/log-events/catalogue.mjs';

const COMPILING_MS = 60_000;

/** The log events that the generator finds in a source file with a logger and the statements `text`. */
const planted = (text: string) =>
  eventCatalogue(
    `import { getLogger } from '../../logging/src/logger.js';\nimport type { LogFields } from '../../logging/src/record/log-fields.js';\nconst said = getLogger('planted');\n${text}\nexport {};\n`,
  );

describe('docs/log-events.md', () => {
  it(
    'lists every log event of the code (to update it, run: npm run docs:log-events)',
    () => {
      const written = readFileSync(join(__dirname, '../../docs/log-events.md'), 'utf8');
      expect(eventsDocument(eventCatalogue())).toBe(written);
    },
    COMPILING_MS,
  );

  it(
    'the generator finds a log call by its logger, with its level, its fields and its callers',
    () => {
      const found = planted(`
        const also = { elsewhere: 1 };
        said.warning('seen_plainly', { one: 1, 'two.three': 2, ...also, ...(also.elsewhere > 0 && { four: 4 }) });
        said.exception(also.elsewhere ? 'seen_either' : 'seen_or', new Error('x'), also);
        const say = (event: 'seen_by_one' | 'seen_by_another', fields?: LogFields) => said.child({ five: 5 }).debug(event, fields);
        say('seen_by_one', { six: 6 });
        say('seen_by_another');
        const notOurs = { info: (event: string) => event };
        notOurs.info('unseen');
      `);
      const shape = found.map(({ event, levels, fields, thrown }) => [event, levels.join(), fields.join(), thrown]);
      expect(shape).toEqual([
        ['seen_by_another', 'debug', '', false],
        ['seen_by_one', 'debug', 'six', false],
        ['seen_either', 'error', 'elsewhere', true],
        ['seen_or', 'error', 'elsewhere', true],
        ['seen_plainly', 'warning', 'elsewhere,four,one,two.three', false],
      ]);
      expect(new Set(found.flatMap(({ loggers }) => loggers))).toEqual(new Set(['planted']));
    },
    COMPILING_MS,
  );

  it(
    'the generator rejects an event name that is not a constant, and names the place',
    () => {
      expect(() => planted('const name: string = process.title;\nsaid.info(name as never);')).toThrow(
        /libs\/events\/src\/planted\.ts:5: the name of the event is not known/,
      );
    },
    COMPILING_MS,
  );
});
