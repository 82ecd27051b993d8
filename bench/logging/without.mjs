// Loaded before line.mjs. BENCH_WITHOUT names a feature, whose module is replaced by a stub without the feature. The difference
// to the normal line is the cost of the feature. With `?original`, the stub loads the module itself for everything else.
import { registerHooks } from 'node:module';

const STUBS = {
  redaction: {
    module: '/core/dist/redaction/redact-text.js',
    source: `
      export * from './redact-text.js?original';
      export const redactText = (text) => text;`,
  },
  budgets: {
    module: '/logging/dist/record/value-text.js',
    source: `
      import { isSecretProperty, REDACTED } from '@pikaia/core';
      export * from './value-text.js?original';
      export const newBudget = () => ({});
      export const exceedsBudget = () => false;
      export const valueText = (value) => JSON.stringify(value);
      export const entryText = (owner, key) => (isSecretProperty(owner, key) ? JSON.stringify(REDACTED) : JSON.stringify(owner[key]));
      export const keyText = (key) => JSON.stringify(key) + ':';`,
  },
};
const { module, source } = STUBS[process.env['BENCH_WITHOUT']];
let replaced = false;

registerHooks({
  load(url, context, next) {
    if (!url.endsWith(module)) return next(url, context);
    replaced = true;
    return { format: 'module', source, shortCircuit: true };
  },
});
process.on('exit', () => {
  if (!replaced) throw new Error(`${module} was not loaded, so no feature was removed: this file is out of date.`);
});
