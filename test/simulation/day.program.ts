import { seededRandom } from '../support/random/seeded-random.ts';

/** What an organization can do, with how often it is chosen. */
const ACTIONS = {
  'invites a person': 6,
  'invites several people': 1,
  'accepts an invitation': 7,
  'sends an invitation again': 1,
  'withdraws an invitation': 1,
  'changes a role': 3,
  'removes a member': 1,
  'has two admins who demote each other': 2,
  'renames itself': 2,
  'has two admins who rename it at the same time': 1,
  'has a member who changes their name': 2,
  'reads everything': 2,
  'tries the ids of another organization': 1,
  'sends invalid requests': 1,
  'exceeds its rate limit': 1,
  'adds a member at Stytch': 2,
  'changes a role at Stytch': 2,
  'deletes a member at Stytch': 1,
  'renames itself at Stytch': 1,
  'registers a webhook endpoint': 2,
  'describes its webhook endpoint': 1,
  'subscribes at Stripe': 2,
  'changes its subscription at Stripe': 4,
  'cancels its subscription at Stripe': 1,
};
export type Action = keyof typeof ACTIONS | 'is created';

/** How a client sends a change. The last one closes the connection before the response, and repeats the request with its key. */
const MANNERS = ['without a key', 'without a key', 'with a key', 'with a key', 'with a key, and loses the connection'] as const;
/** How a provider delivers a webhook. */
const DELIVERIES = ['once', 'once', 'twice at once', 'late', 'late and again'] as const;

export const FAULTS = [
  'an api is killed',
  'a worker is killed',
  'a worker freezes',
  'the database restarts',
  'the database crashes',
  'database sessions end',
  'Stripe is down',
  'Stripe is slow',
  'Stytch is down while an api starts',
  'the mail provider is down',
  'the mail provider is slow',
  'the receivers of webhooks are down',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface Step {
  readonly number: number;
  /** The minute of the day. */
  readonly minute: number;
  readonly organization: number;
  readonly action: Action;
  readonly manner: (typeof MANNERS)[number];
  readonly delivery: (typeof DELIVERIES)[number];
  /** Numbers from 0 (inclusive) to 1 (exclusive) that choose among what exists when the step is taken. */
  readonly picks: readonly [number, number, number];
}

export interface PlannedFault {
  /** The fault begins before this step. */
  readonly step: number;
  readonly fault: Fault;
  readonly pick: number;
}

export interface DayProgram {
  readonly seed: number;
  readonly organizations: number;
  readonly steps: readonly Step[];
  readonly faults: readonly PlannedFault[];
}

export interface DaySize {
  readonly seed: number;
  readonly organizations: number;
  /** Steps of each organization besides its creation. */
  readonly stepsEach?: number;
  readonly withFaults?: boolean;
}

const OPENS = 8 * 60;
const CLOSES = 20 * 60;
const STEPS_PER_FAULT = 40;

/** Plans the day of organizations. The same size gives the same program. */
export function planDay({ seed, organizations, stepsEach = 24, withFaults = true }: DaySize): DayProgram {
  const random = seededRandom(seed);
  const oneOf = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const weighted = Object.entries(ACTIONS).flatMap(([action, weight]) => Array<Action>(weight).fill(action as Action));
  const planned = Array.from({ length: organizations }, (_, organization) => {
    const step = (minute: number, action: Action): Omit<Step, 'number'> => ({
      minute,
      organization,
      action,
      manner: oneOf(MANNERS),
      delivery: oneOf(DELIVERIES),
      picks: [random(), random(), random()],
    });
    const opens = OPENS + Math.floor(random() * 60);
    const later = Array.from({ length: stepsEach }, () =>
      step(opens + 1 + Math.floor(random() * (CLOSES - opens)), oneOf(weighted)),
    );
    return [step(opens, 'is created'), ...later];
  }).flat();
  const steps = planned.toSorted((one, other) => one.minute - other.minute).map((step, number) => ({ number, ...step }));
  return { seed, organizations, steps, faults: withFaults ? planFaults(steps.length, random) : [] };
}

/** Each fault at least once, in random order, spread evenly over the day. */
function planFaults(steps: number, random: () => number): PlannedFault[] {
  const rounds = Math.max(1, Math.round(steps / STEPS_PER_FAULT / FAULTS.length));
  const all = Array.from({ length: rounds }, () => shuffled(FAULTS, random)).flat();
  const first = Math.floor(steps / 10); // the organizations exist by then
  return all.map((fault, index) => ({
    step: first + Math.floor(((steps - first) * index) / all.length),
    fault,
    pick: random(),
  }));
}

const shuffled = <T>(list: readonly T[], random: () => number): T[] =>
  list
    .map((item) => ({ item, at: random() }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ item }) => item);

/** The program as a table, one line for each step and fault. */
export function programText({ seed, organizations, steps, faults }: DayProgram): string {
  const lines = steps.flatMap((step) => [
    ...faults.filter((one) => one.step === step.number).map(({ fault }) => `         ${fault.toUpperCase()}`),
    `  ${timeOf(step)}  organization ${step.organization + 1} ${step.action} (${step.manner}; webhooks ${step.delivery})`,
  ]);
  return [`The day of ${organizations} organizations, seed ${seed}:`, ...lines].join('\n');
}

export const timeOf = ({ minute }: Pick<Step, 'minute'>): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
