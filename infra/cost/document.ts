import type { Deployed } from './resources.ts';
import { apiTasksAt, capacityAt, dollars, estimate, type Position } from './estimate.ts';
import { ASSUMED, LOADS } from './load.ts';
import { PRICED, PRICES } from './prices.ts';

const money = (value: number): string => (value < 100 ? value.toFixed(2) : Math.round(value).toLocaleString('en-US'));
const number = (value: number): string => value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
const rule = (columns: number): string => row(Array<string>(columns).fill('---'));

/** docs/cost.md. */
export function costDocument(deployed: Deployed, cpuTarget: number): string {
  const loads = LOADS.map((load) => ({ load, positions: estimate(load, deployed, cpuTarget) }));
  const ofPart = (part: string, positions: readonly Position[]) => dollars(positions.filter((one) => one.part === part));
  const parts = [...new Set(loads[0]!.positions.map(({ part }) => part))];
  const header = ['', ...LOADS.map((load) => `${load.toLocaleString('en-US')} requests/s`)];
  const lines = loads[0]!.positions.map(({ part, what, price }, index) =>
    row([
      part,
      what.replace(/^\d+ tasks of the api/, 'tasks of the api'),
      ...loads.flatMap(({ positions }) => number(positions[index]!.amount)),
      `${price.dollars} a ${price.of}`,
    ]),
  );
  return `# What a month costs

An estimate, made from the resources that [infra](../infra/README.md) synthesises with its defaults, from assumptions about the
load, and from AWS's list prices of ${PRICED.region} as of ${PRICED.asOf}. **The prices were copied by hand and are not verified
here**: look at the pages below before you rely on a number, and at your own region (Frankfurt is 10 to 20 % above). Without
support, taxes, free tiers and discounts. Made by \`npm run infra:cost\`; a test compares.

${row(header)}
${rule(header.length)}
${parts.map((part) => row([part, ...loads.map(({ positions }) => `$${money(ofPart(part, positions))}`)])).join('\n')}
${row(['**A month**', ...loads.map(({ positions }) => `**$${money(dollars(positions))}**`)])}

At 1 request/s one pays for being there: gateways, endpoints, a database that is never asleep. At 10,000 requests/s logs are
${Math.round((100 * ofPart('Logs', loads.at(-1)!.positions)) / dollars(loads.at(-1)!.positions))} % of it: \`LOG_INFO_SAMPLE_RATE\` leaves access lines and errors whole and thins the rest, \`log_days\` is what they are
kept for, and the mask of data protection costs a quarter of what taking them in does.

## What it takes

| | ${LOADS.map((load) => `${load.toLocaleString('en-US')} requests/s`).join(' | ')} | set by |
${rule(LOADS.length + 2)}
${row(['tasks of the api', ...LOADS.map((load) => apiTasksAt(load, deployed, cpuTarget)), '`api_tasks_most`'])}
${row(['ACU of an instance', ...LOADS.map((load) => capacityAt(load, deployed)), '`database_max_acu`'])}

The defaults end at 10 tasks and 16 ACU: at 10,000 requests/s raise them, and \`alarm_db_connections\` with them (tasks × \`api_pool\`),
or switch on \`database_proxy\`. Events in one region: ask for the quota of PutEvents.

## Amounts

${row(['part', 'what', ...LOADS.map((load) => `at ${load.toLocaleString('en-US')}/s`), 'price, $'])}
${rule(LOADS.length + 3)}
${lines.join('\n')}

## Assumptions

${Object.entries({
  'Requests that change something': `${ASSUMED.changing * 100} %, each with one event and one audit record`,
  'Changes that send a letter': `${ASSUMED.letters * 100} %`,
  'Log lines': `${ASSUMED.logOfRequest} bytes a request, ${number(ASSUMED.logOfChange)} more for a change with its consumer`,
  Answers: `${number(ASSUMED.answerBytes)} bytes`,
  Events: `${number(ASSUMED.eventBytes)} bytes`,
  'What a change leaves in the database': `${number(ASSUMED.keptOfChange)} bytes for good`,
  'I/O': `${ASSUMED.ioOfRequest} a request, ${ASSUMED.ioOfChange} a change`,
  'A vCPU of the api': `${ASSUMED.requestsOfCpu} requests/s, used to ${cpuTarget * 100} %`,
  'An ACU': `${ASSUMED.requestsOfAcu} requests/s`,
  'An event at a consumer': `${ASSUMED.functionSeconds * 1000} ms of ${deployed.functionGb} GB, in batches of ${ASSUMED.batch}`,
})
  .map(([what, value]) => `- ${what}: ${value}.`)
  .join('\n')}

Measure yours and change [\`ASSUMED\`](../infra/cost/load.ts): the log lines and the requests of a vCPU decide most.

## Prices

${[...new Set(Object.values(PRICES).map(({ page }) => page))].map((page) => `- <${page}>`).join('\n')}
`;
}
