import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as marks from '../../libs/events/src/delivery/delivery.js';
import type { Delivery } from '../../libs/events/src/delivery/delivery.js';
import type { DeliveryStatus } from '../../libs/events/src/log/delivery.record.js';
import { codeBlocks } from './code-blocks.js';

const guarantees = readFileSync(resolve(__dirname, '../../docs/guarantees.md'), 'utf8');
const STATES: Record<DeliveryStatus, true> = { retrying: true, waiting: true, failed: true, skipped: true, published: true };
const SHARED_FUNCTIONS = ['markRetrying']; // called by markRefused and markPostponed

interface Transition {
  readonly from: string;
  readonly to: string;
  readonly by: string;
}

function transitionsOf(diagram: string): Transition[] {
  return diagram.split('\n').flatMap((line) => {
    const [, from = '', to = '', functions = ''] = /^\s*(\S+) --> (\S+): (.+)$/.exec(line) ?? [];
    return functions ? functions.split(', ').map((by) => ({ from, to, by })) : [];
  });
}

/** The transitions in the code: the states that each function can produce. */
function transitionsInCode(): Map<string, Set<string>> {
  const event = { eventId: 'e', position: '1', payload: '{}' } as unknown as Delivery;
  const first = marks.newDelivery(event);
  const last = { ...first, attempts: marks.MAX_ATTEMPTS - 1 };
  const now = new Date();
  const error = new Error('no');
  const made: Record<string, Delivery[]> = {
    markRefused: [first, last].map((delivery) => marks.markRefused(delivery, { error }, now, () => 0)),
    markPostponed: [marks.markPostponed(first, error, now, 1)],
    markFailed: [marks.markFailed(first, 1, error)],
    markWaiting: [marks.markWaiting(event)],
    markRevived: [marks.markRevived(first, now)],
    markSkipped: [marks.markSkipped(first)],
    markPublished: [marks.markPublished(first)],
  };
  const exported = Object.keys(marks).filter((name) => name.startsWith('mark') && !SHARED_FUNCTIONS.includes(name));
  expect(Object.keys(made).sort()).toEqual(exported.sort());
  return new Map(Object.entries(made).map(([name, list]) => [name, new Set(list.map(({ status }) => status))]));
}

/** Describes each difference between the diagram and the code. */
function differences(diagram: string): string[] {
  const drawn = transitionsOf(diagram);
  const coded = transitionsInCode();
  const drawnTo = (name: string) => new Set(drawn.filter(({ by }) => by === name).map(({ to }) => to));
  const states = new Set(drawn.flatMap(({ from, to }) => [from, to]));
  return [
    ...drawn.filter(({ by, to }) => by.startsWith('mark') && !coded.get(by)?.has(to)).map(({ by, to }) => `${by} makes no ${to}`),
    ...[...coded].flatMap(([name, to]) =>
      [...to].filter((state) => !drawnTo(name).has(state)).map((s) => `${name} makes ${s} too`),
    ),
    ...Object.keys(STATES)
      .filter((state) => !states.has(state))
      .map((state) => `${state} is missing`),
    ...[...states]
      .filter((state) => ![...Object.keys(STATES), 'pending', '[*]'].includes(state))
      .map((state) => `there is no ${state}`),
  ];
}

describe('the state diagram of a delivery in docs/guarantees.md', () => {
  const diagram = codeBlocks(guarantees, 'mermaid').find((text) => text.includes('retrying'))!;

  it('shows the states and transitions of the code, each with the function that makes it', () => {
    expect(transitionsOf(diagram).length).toBeGreaterThan(20);
    expect(differences(diagram)).toEqual([]);
  });

  it.each([
    ['a state that does not exist', 'failed --> lost: markSkipped', ['markSkipped makes no lost', 'there is no lost']],
    ['a function that makes another transition', 'failed --> waiting: markRevived', ['markRevived makes no waiting']],
  ])('the check reports %s', (_, line, expected) => {
    expect(differences(`${diagram}\n${line}`)).toEqual(expected);
  });

  it('the check reports a transition that the diagram lacks', () => {
    expect(differences(diagram.replace(/^.*markWaiting.*$/m, ''))).toEqual(['markWaiting makes waiting too']);
  });
});
