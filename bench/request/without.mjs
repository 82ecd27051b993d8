// Loaded before server.mjs. Replaces the modules of the parts that the variant BENCH_VARIANT does not have.
import { registerHooks } from 'node:module';
import { VARIANTS } from './variants.mjs';

const nothing = '() => undefined';
// An entry without its event would be rolled back, and an event without its entry.
const noCommitChecks = {
  '/database/dist/transaction/commit-check.js': `
    export const addCommitCheck = ${nothing};
    export const runCommitChecks = ${nothing};`,
};
const STUBS = {
  // The context is a constant object, because the guard of the reference system binds the caller to it.
  logs: {
    '/core/dist/context/http-context.js': `
      export const CORRELATION_HEADER = 'x-correlation-id';
      export const enterContextAtRequest = ${nothing};`,
    '/core/dist/context/context.js': `
      const values = { correlationId: '00000000-0000-0000-0000-000000000000' };
      export const context = {
        current: values, scope: undefined, correlationId: values.correlationId, actor: undefined, organizationId: undefined,
        bind: ${nothing}, run: (_, work) => work(), exit: (work) => work(),
      };
      export const enterContext = (_, work) => work({ snapshot: values });
      export class ContextSlot { get = ${nothing}; }`,
    '/logging/dist/logger.js': `
      const silent = { child: () => silent };
      for (const level of ['debug', 'info', 'warning', 'error', 'critical', 'exception']) silent[level] = ${nothing};
      export const getLogger = () => silent;`,
    '/logging/dist/nest/request-logging.js': `export const enableRequestLogging = ${nothing};`,
    '/database/dist/query/measured-client.js': `
      export const measureQueries = ${nothing};
      export const keepCallerContext = ${nothing};`,
  },
  event: {
    ...noCommitChecks,
    '/events/dist/record/events.service.js': `export class Events { async publish() {} }`,
  },
  audit: {
    ...noCommitChecks,
    '/audit/dist/record/audit.service.js': `export class Audit { async record() {} nothingToRecord() {} }`,
    '/audit/dist/diff/diff.js': `export const diff = ${nothing}; export const joinDiffs = ${nothing}; export class Diff {}`,
    '/audit/dist/diff/snapshot.js': `export const snapshot = ${nothing}; export class Snapshot {}`,
    '/audit/dist/completeness/completeness.interceptor.js': `
      export class CompletenessInterceptor { intercept(_, next) { return next.handle(); } }`,
  },
};

const has = VARIANTS[process.env['BENCH_VARIANT']];
const stubs = Object.assign({}, ...Object.keys(STUBS).map((part) => (has.includes(part) ? {} : STUBS[part])));
const unused = new Set(Object.keys(stubs));

registerHooks({
  load(url, context, next) {
    const path = Object.keys(stubs).find((end) => url.endsWith(end));
    if (!path) return next(url, context);
    unused.delete(path);
    return { format: 'module', source: stubs[path], shortCircuit: true };
  },
});
process.on('exit', () => {
  if (unused.size > 0) throw new Error(`${[...unused].join(', ')} were not loaded, so this file is out of date.`);
});
