import { ASSUMED } from './load.ts';
import { PRICES, type Price } from './prices.ts';
import type { Deployed } from './resources.ts';

export interface Position {
  readonly part: string;
  readonly what: string;
  readonly amount: number;
  readonly price: Price;
}

const HOURS = ASSUMED.secondsOfMonth / 3600;
const GB = 1e9;
const MILLION = 1e6;

/** Tasks of the api that a load needs: at most `target` of the CPU is meant to be used. */
export const apiTasksAt = (requests: number, { apiTask }: Deployed, target: number): number =>
  Math.max(apiTask.tasks, Math.ceil(requests / (apiTask.cpu * ASSUMED.requestsOfCpu * target)));

/** Capacity of an instance of the database that a load needs, in steps of half an ACU. */
export const capacityAt = (requests: number, { leastCapacity }: Deployed): number =>
  Math.max(leastCapacity, Math.ceil((requests / ASSUMED.requestsOfAcu) * 2) / 2);

/** What a month costs at a load, position by position. */
export function estimate(requestsPerSecond: number, deployed: Deployed, cpuTarget: number): Position[] {
  const requests = requestsPerSecond * ASSUMED.secondsOfMonth;
  const changes = requests * ASSUMED.changing;
  const letters = changes * ASSUMED.letters;
  const tasks = apiTasksAt(requestsPerSecond, deployed, cpuTarget);
  const { apiTask, workerTask } = deployed;
  const cpu = tasks * apiTask.cpu + workerTask.tasks * workerTask.cpu;
  const memory = tasks * apiTask.gb + workerTask.tasks * workerTask.gb;
  const logGb = (requests * ASSUMED.logOfRequest + changes * ASSUMED.logOfChange) / GB;
  const answerGb = (requests * ASSUMED.answerBytes) / GB;
  const eventGb = (changes * ASSUMED.eventBytes) / GB;
  // An LCU is 25 new connections, 3,000 open ones or 1 GB an hour, whichever is most; connections are kept and reused.
  const units = Math.max((requestsPerSecond / 25) * 0.1, answerGb / HOURS);
  const capacity = capacityAt(requestsPerSecond, deployed) * deployed.databaseInstances;
  const position = (part: string, what: string, amount: number, name: keyof typeof PRICES): Position => ({
    part,
    what,
    amount,
    price: PRICES[name],
  });
  return [
    position('Services', `${tasks} tasks of the api, ${workerTask.tasks} of the worker: vCPU`, cpu * HOURS, 'fargateCpu'),
    position('Services', 'their memory', memory * HOURS, 'fargateMemory'),
    position('Services', 'load balancer', HOURS, 'balancer'),
    position('Services', 'its load', units * HOURS, 'balancerUnit'),
    position('Services', 'answers to the internet', answerGb, 'transferOut'),
    position('Network', 'NAT gateways', deployed.natGateways * HOURS, 'nat'),
    position('Network', 'what goes through them: letters, sessions’ keys', (letters * 5000) / GB + 1, 'natTraffic'),
    position('Network', 'public addresses', deployed.addresses * HOURS, 'address'),
    position('Network', 'endpoints', deployed.endpointZones * HOURS, 'endpoint'),
    position('Network', 'what goes through them: logs, events', logGb + eventGb, 'endpointTraffic'),
    position('Database', `${deployed.databaseInstances} instances`, capacity * HOURS, 'databaseCapacity'),
    position(
      'Database',
      'what a month adds, and a week of events',
      (changes * (ASSUMED.keptOfChange + ASSUMED.eventBytes / 4)) / GB,
      'databaseStorage',
    ),
    position('Database', 'I/O', (requests * ASSUMED.ioOfRequest + changes * ASSUMED.ioOfChange) / MILLION, 'databaseRequests'),
    position('Events', 'bus', changes / MILLION, 'bus'),
    position('Events', 'archive', eventGb, 'archive'),
    position('Events', 'queues: sent, received, deleted', (changes * (1 + 2 / ASSUMED.batch)) / MILLION, 'queue'),
    position('Events', 'executions of consumers', changes / ASSUMED.batch / MILLION, 'functionRequests'),
    position('Events', 'their time', changes * ASSUMED.functionSeconds * deployed.functionGb, 'functionTime'),
    position('Events', 'letters', letters / 1000, 'mail'),
    position('Logs', 'taken in', logGb, 'logs'),
    position('Logs', 'scanned by data protection', logGb, 'logsMasked'),
    position('Logs', `kept for ${deployed.logDays} days, compressed to a sixth`, (logGb * deployed.logDays) / 30 / 6, 'logsKept'),
    position('Watching', 'our metrics, and those of the containers', deployed.ownMetrics + ASSUMED.containerMetrics, 'metric'),
    position('Watching', 'metrics of alarms', deployed.alarmMetrics, 'alarmMetric'),
    position('Watching', 'composite alarm', deployed.compositeAlarms, 'compositeAlarm'),
    position('Watching', 'dashboard', deployed.dashboards, 'dashboard'),
    position('Keys', 'keys', deployed.keys, 'key'),
    position('Keys', 'secrets', deployed.secrets, 'secret'),
  ];
}

export const dollars = (positions: readonly Position[]): number =>
  positions.reduce((sum, { amount, price }) => sum + amount * price.dollars, 0);
