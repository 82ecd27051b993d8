import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as marks from '../../libs/events/src/delivery/delivery.js';
import type { Delivery } from '../../libs/events/src/delivery/delivery.js';
import type { DeliveryStatus } from '../../libs/events/src/log/delivery.record.js';
import { codeBlocks } from './code-blocks.js';

const root = resolve(__dirname, '../..');
const guarantees = readFileSync(join(root, 'docs/guarantees.md'), 'utf8');
const source = globSync('libs/events/src/**/*.ts', { cwd: root })
  .filter((name) => !name.endsWith('.spec.ts'))
  .map((name) => readFileSync(join(root, name), 'utf8'))
  .join('\n');
const STATES: Record<DeliveryStatus, true> = { retrying: true, waiting: true, failed: true, skipped: true, published: true };
const STATES_WITHOUT_A_ROW = ['pending', 'not_wanted', '[*]'];
const SHARED_FUNCTIONS = ['markRetrying']; // called by markRefused and markPostponed

/** The states of the events that the relay sends: read from the log, due for a retry, or released by the head of their aggregate. */
const SENT = ['pending', 'retrying', 'waiting'];
/** The states in which the code calls each function. */
const CALLED_IN: Readonly<Record<string, readonly string[]>> = {
  markRefused: SENT,
  markPostponed: SENT,
  markFailed: SENT,
  markWaiting: ['pending'],
  markPublished: ['retrying', 'waiting'], // the cursor publishes an event without a row
  markRevived: ['failed'],
  markSkipped: ['retrying', 'waiting', 'failed'],
};

/** The transitions of a diagram, one line for each function: `from --> to: function`. */
const transitionsOf = (diagram: string): string[] =>
  diagram.split('\n').flatMap((line) => {
    const [, transition = '', functions = ''] = /^\s*(\S+ --> \S+): (.+)$/.exec(line) ?? [];
    return functions ? functions.split(', ').map((by) => `${transition}: ${by}`) : [];
  });

/** The transitions that the functions make: after the first attempt and the last, and if only one attempt is allowed. */
function transitionsInCode(): string[] {
  const event = { eventId: 'e', position: '1', payload: '{}' } as unknown as Delivery;
  const now = new Date();
  const error = new Error('no');
  const functions: Record<string, (delivery: Delivery) => Delivery[]> = {
    markRefused: (delivery) =>
      [{ error }, { error, maxAttempts: 1 }].map((refusal) => marks.markRefused(delivery, refusal, now, () => 0)),
    markPostponed: (delivery) => [marks.markPostponed(delivery, error, now, 1)],
    markFailed: (delivery) => [marks.markFailed(delivery, 1, error)],
    markWaiting: () => [marks.markWaiting(event)],
    markRevived: (delivery) => [marks.markRevived(delivery, now)],
    markSkipped: (delivery) => [marks.markSkipped(delivery)],
    markPublished: (delivery) => [marks.markPublished(delivery)],
  };
  const exported = Object.keys(marks).filter((name) => name.startsWith('mark') && !SHARED_FUNCTIONS.includes(name));
  expect(Object.keys(functions).sort()).toEqual(exported.sort());
  const made = Object.entries(functions).flatMap(([name, run]) =>
    CALLED_IN[name]!.flatMap((from) =>
      (from === 'pending' ? [0] : [0, marks.MAX_ATTEMPTS - 1]).flatMap((attempts) => {
        const status = from === 'pending' ? 'retrying' : (from as DeliveryStatus); // a delivery without a row is created as retrying
        return run({ ...marks.markWaiting(event), status, attempts }).map((result) => `${from} --> ${result.status}: ${name}`);
      }),
    ),
  );
  return [...new Set(made)];
}

/** Describes each difference between the diagram and the code. */
function differences(diagram: string): string[] {
  const drawn = transitionsOf(diagram);
  const coded = transitionsInCode();
  const states = new Set(drawn.flatMap((line) => line.split(':')[0]!.split(' --> ')));
  const functions = new Set(drawn.map((line) => line.split(': ')[1]!));
  return [
    ...drawn.filter((line) => line.includes(': mark') && !coded.includes(line)).map((line) => `not in the code: ${line}`),
    ...coded.filter((line) => !drawn.includes(line)).map((line) => `not in the diagram: ${line}`),
    ...[...functions]
      .filter((name) => !new RegExp(`\\b${name.split('.').at(-1)}\\b`).test(source))
      .map((name) => `there is no ${name}`),
    ...Object.keys(STATES)
      .filter((state) => !states.has(state))
      .map((state) => `${state} is missing`),
    ...[...states]
      .filter((state) => !Object.hasOwn(STATES, state) && !STATES_WITHOUT_A_ROW.includes(state))
      .map((state) => `there is no ${state}`),
  ];
}

describe('the state diagram of a delivery in docs/guarantees.md', () => {
  const diagram = codeBlocks(guarantees, 'mermaid').find((text) => text.includes('retrying'))!;

  it('shows the transitions of the code, each with its states and the function that makes it', () => {
    expect(transitionsOf(diagram).length).toBeGreaterThan(25);
    expect(differences(diagram)).toEqual([]);
  });

  it.each([
    ['a state that does not exist', 'skipped --> lost: DeliveryExpiry.remove', ['there is no lost']],
    ['a function that does not exist', 'failed --> skipped: loseEvent', ['there is no loseEvent']],
    ['another state after a function', 'failed --> waiting: markRevived', ['not in the code: failed --> waiting: markRevived']],
    [
      'another state before a function',
      'skipped --> retrying: markRevived',
      ['not in the code: skipped --> retrying: markRevived'],
    ],
  ])('the check reports %s', (_, line, expected) => {
    expect(differences(`${diagram}\n${line}`)).toEqual(expected);
  });

  it.each(['pending --> waiting: markWaiting', 'pending --> failed: markRefused'])(
    'the check reports that "%s" is missing',
    (line) => {
      const [transition, name] = line.split(': ') as [string, string];
      const without = diagram.replace(new RegExp(`^( *${transition}: .*?)(, )?\\b${name}\\b(, )?`, 'm'), '$1');
      expect(differences(without)).toEqual([`not in the diagram: ${line}`]);
    },
  );
});
