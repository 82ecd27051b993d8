// Loaded before line.mjs. BENCH_WITHOUT names a feature, whose module is replaced by a stub without the feature. The difference
// to the normal line is the cost of the feature.
import { registerHooks } from 'node:module';

const STUBS = {
  redaction: {
    module: '/core/dist/redaction/redact-text.js',
    source: `export const redactText = (text) => text;`,
  },
  budgets: {
    module: '/logging/dist/record/value-text.js',
    source: `
      import { isSecretKey, REDACTED } from '@pikaia/core';
      export const newBudget = () => ({});
      export const exceedsBudget = () => false;
      export const valueText = (value) => JSON.stringify(value);
      export const entryText = (owner, key) => (isSecretKey(key) ? JSON.stringify(REDACTED) : JSON.stringify(owner[key]));
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
