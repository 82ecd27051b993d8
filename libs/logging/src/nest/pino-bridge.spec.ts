import { context } from '@pikaia/core';
import { startupFailure } from '../process/startup-failure.js';
import { captureLogs, type CapturedLogs } from '../testing/index.js';
import { pinoBridge } from './pino-bridge.js';

describe('pinoBridge', () => {
  let logs: CapturedLogs;
  beforeEach(() => void (logs = captureLogs()));
  afterEach(() => logs.restore());

  it('turns a call of pino into a record with the current context', () => {
    context.run({ correlationId: 'c1' }, () => pinoBridge.warn({ amount: 1, level: 'forged' }, 'text %s', 'more'));
    expect(logs.records).toEqual([
      expect.objectContaining({
        level: 'WARNING',
        logger: 'nest',
        event: 'nest_message',
        trace_id: 'c1',
        message: 'text %s',
        details: ['more'],
        amount: 1,
        'extra.level': 'forged',
      }),
    ]);
  });

  it('writes startup messages of Nest at DEBUG, and its warnings at WARNING', () => {
    pinoBridge.info({ context: 'RoutesResolver' }, 'mapped');
    pinoBridge.warn({ context: 'RoutesResolver' }, 'deprecated');
    pinoBridge.info({ context: 'Members' }, 'own');
    expect(logs.records.map(({ level, logger }) => [level, logger])).toEqual([
      ['DEBUG', 'RoutesResolver'],
      ['WARNING', 'RoutesResolver'],
      ['INFO', 'Members'],
    ]);
  });

  it('writes the error of a failed start, unless runService logs it', () => {
    pinoBridge.error({ context: 'ExceptionHandler', err: new Error('no database') });
    expect(logs.records).toEqual([expect.objectContaining({ level: 'CRITICAL', 'error.message': 'no database' })]);
    startupFailure.isLoggedByRunService = true;
    pinoBridge.error({ context: 'ExceptionHandler', err: new Error('no database') });
    startupFailure.isLoggedByRunService = false;
    expect(logs.records).toHaveLength(1);
  });

  it('writes the bindings of a child logger and the fields of an error', () => {
    const child = pinoBridge.child({ job: 'seal' });
    child.error(new Error('first'));
    child.fatal({ err: new Error('second') }, 'what happened');
    expect(logs.records).toEqual([
      expect.objectContaining({ level: 'ERROR', job: 'seal', 'error.message': 'first' }),
      expect.objectContaining({ level: 'CRITICAL', job: 'seal', 'error.message': 'second', message: 'what happened' }),
    ]);
  });

  it('redacts secrets and does not throw if a getter throws', () => {
    pinoBridge.info({ password: 'canary', get broken() { throw new Error('no'); } }); // prettier-ignore
    expect(logs.records[0]).toMatchObject({ password: '[redacted]', broken: '[unreadable]' });
  });
});
