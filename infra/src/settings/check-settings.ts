import { exampleSettings } from './settings-file.ts';
import { retryDays } from './queue-times.ts';
import { SETTINGS, type Settings } from './settings.ts';
import { readSettings } from './read-settings.ts';

/** Names that RFC 2606 and RFC 6761 reserve for documentation and tests. No deployment is reachable by them. */
const RESERVED = /(^|\.)(example\.(com|net|org)|example|test|invalid|localhost)$/;
const CERTIFICATE = /^arn:[\w-]+:acm:([\w-]+):(\d{12}):/;
const REAL_VALUES = ['domain', 'certificate_arn', 'session_jwks_url', 'session_issuer', 'session_audience', 'mail_domain'];

/**
 * Reads the settings from a context, and checks each value and their combination.
 *
 * @throws Error with a line for each problem.
 */
export const settingsOf = (context: Readonly<Record<string, unknown>>): Settings =>
  readSettings(SETTINGS, context, findConflicts);

/** Conflicts between settings, one line each. Ignores values that are missing or invalid, because they have a line already. */
function findConflicts({ general, database, services, events, alarms, thresholds }: Settings): string[] {
  const problems: string[] = [];
  const [, region, account] = CERTIFICATE.exec(services.certificateArn ?? '') ?? [];
  if (region !== undefined && general.region !== undefined && region !== general.region)
    problems.push(`certificate_arn is of ${region}: a load balancer in ${general.region} needs a certificate of that region`);
  if (account !== undefined && general.account !== undefined && account !== general.account)
    problems.push(`certificate_arn is of the account ${account}: it must be one of the account ${general.account}`);
  if (alarms.email === undefined && alarms.https === undefined)
    problems.push(
      'alarm_email and alarm_https are missing: PikaiaObservability needs one of them, or no one is notified of alarms',
    );
  if (services.maxApiTasks < services.apiTasks)
    problems.push(`api_tasks_most is ${services.maxApiTasks}: it must be at least api_tasks, which is ${services.apiTasks}`);
  if (database.maxCapacity < database.minCapacity)
    problems.push(
      `database_max_acu is ${database.maxCapacity}: it must be at least database_min_acu, which is ${database.minCapacity}`,
    );
  if (thresholds.healthyHosts > services.apiTasks)
    problems.push(
      `alarm_healthy_hosts is ${thresholds.healthyHosts}: with ${services.apiTasks} api_tasks the alarm would always be on`,
    );
  const days = retryDays(events.maxReceives, events.timeoutSeconds);
  if (days >= events.queueDays)
    problems.push(
      `queue_max_receives is ${events.maxReceives}: with a consumer_timeout of ${events.timeoutSeconds} s that is up to ` +
        `${days.toFixed(1)} days of retries, and a message is deleted after ${events.queueDays} (queue_days) before it is a dead letter`,
    );
  return problems;
}

/** One line for each example value: a value of settings.example.json, or a name that is reserved for examples. */
export function findExampleValues(given: Readonly<Record<string, unknown>>): string[] {
  const example = exampleSettings();
  return REAL_VALUES.flatMap((key) => {
    const value = given[key];
    if (value === example[key]) return [`${key} is "${String(value)}", the value of settings.example.json: give your own`];
    const isName = key === 'domain' || key === 'mail_domain';
    return isName && RESERVED.test(String(value)) ? [`${key} is "${String(value)}", a name that is reserved for examples`] : [];
  });
}
