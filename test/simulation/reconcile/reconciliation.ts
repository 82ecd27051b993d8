import { declaredActions } from '@pikaia/audit';
import { describeConsumer } from '@pikaia/events';
import { CONSUMERS } from '@pikaia/reactions';
import { customerEventTypes } from '@pikaia/webhooks';
import '../../../apps/api/src/app.module.js'; // declares the audit actions
import type { Evidence } from '../evidence.js';
import { checkAnswers } from './answers.check.js';
import type { Check, CheckResult } from './check.js';
import { checkDeliveries, checkEmails, checkReadModels } from './deliveries.check.js';
import { checkEventsAndEntries } from './events-and-entries.check.js';
import { checkHistory } from './history.check.js';
import { checkOutput } from './output.check.js';
import { checkProviders } from './providers.check.js';
import { checkTenants } from './tenants.check.js';
import { checkWebhooks } from './webhooks.check.js';

const CHECKS: readonly Check[] = [
  checkEventsAndEntries(declaredActions()),
  checkHistory,
  checkAnswers,
  checkEmails,
  checkWebhooks(new Set(customerEventTypes().map(({ type }) => type))),
  checkDeliveries(CONSUMERS.map(({ consumer }) => describeConsumer(consumer))),
  checkReadModels,
  checkProviders,
  checkTenants,
  checkOutput,
];

/** Compares everything that a day has left. */
export const reconcile = (evidence: Evidence): CheckResult[] => CHECKS.map((check) => check(evidence));

const MAX_SHOWN = 5;

/** The results as a table, with the first differences of each check below it. */
export function reconciliationText(results: readonly CheckResult[]): string {
  const width = (column: keyof Pick<CheckResult, 'name' | 'examined'>) =>
    Math.max(...results.map((result) => result[column].length));
  const rows = results.map(({ name, examined, differences, allowed }) => {
    const outcome = differences.length
      ? `${differences.length} different`
      : allowed.length
        ? `ok, ${allowed.length} allowed`
        : 'ok';
    return `  ${differences.length ? '✗' : '✓'} ${name.padEnd(width('name'))}  ${examined.padEnd(width('examined'))}  ${outcome}`;
  });
  const details = results.flatMap(({ name, differences, allowed }) => [
    ...listed(`Differences in ${name}`, differences),
    ...listed(`Allowed by docs/guarantees.md in ${name}`, allowed),
  ]);
  return [...rows, ...details].join('\n');
}

function listed(title: string, list: readonly string[]): string[] {
  if (list.length === 0) return [];
  const more = list.length > MAX_SHOWN ? [`  … and ${list.length - MAX_SHOWN} more`] : [];
  return ['', `${title}:`, ...list.slice(0, MAX_SHOWN).map((one) => `  ${one}`), ...more];
}
