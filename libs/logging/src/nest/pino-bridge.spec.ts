import { context } from '@pikaia/core';
import { startupFailure } from '../process/startup-failure.js';
import { captureLogs, type CapturedLogs } from '../testing/index.js';
import { pinoBridge } from './pino-bridge.js';

describe('the pino bridge', () => {
  let logs: CapturedLogs;
  beforeEach(() => void (logs = captureLogs()));
  afterEach(() => logs.restore());

  it('turns a call of pino into a record with its context', () => {
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

  it('moves what Nest tells of its own start to DEBUG, and leaves its warnings where they are', () => {
    pinoBridge.info({ context: 'RoutesResolver' }, 'mapped');
    pinoBridge.warn({ context: 'RoutesResolver' }, 'deprecated');
    pinoBridge.info({ context: 'Members' }, 'own');
    expect(logs.records.map(({ level, logger }) => [level, logger])).toEqual([
      ['DEBUG', 'RoutesResolver'],
      ['WARNING', 'RoutesResolver'],
      ['INFO', 'Members'],
    ]);
  });

  it('says why a start failed, unless runService does', () => {
    pinoBridge.error({ context: 'ExceptionHandler', err: new Error('no database') });
    expect(logs.records).toEqual([expect.objectContaining({ level: 'CRITICAL', 'error.message': 'no database' })]);
    startupFailure.isLoggedByRunService = true;
    pinoBridge.error({ context: 'ExceptionHandler', err: new Error('no database') });
    startupFailure.isLoggedByRunService = false;
    expect(logs.records).toHaveLength(1);
  });

  it('keeps the bindings of a child and takes an error for one', () => {
    const child = pinoBridge.child({ job: 'seal' });
    child.error(new Error('first'));
    child.fatal({ err: new Error('second') }, 'what happened');
    expect(logs.records).toEqual([
      expect.objectContaining({ level: 'ERROR', job: 'seal', 'error.message': 'first' }),
      expect.objectContaining({ level: 'CRITICAL', job: 'seal', 'error.message': 'second', message: 'what happened' }),
    ]);
  });

  it('redacts and survives what it is given', () => {
    pinoBridge.info({ password: 'canary', get broken() { throw new Error('no'); } }); // prettier-ignore
    expect(logs.records[0]).toMatchObject({ password: '[redacted]', broken: '[unreadable]' });
  });
});
