import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONSUMERS, type DeployedConsumer, type Place } from '@pikaia/reactions';
import { alarmsOf } from './support/alarms.ts';
import { matches } from './evaluation/event-pattern.ts';
import { delivered, samples } from './support/events.ts';
import { defaults, resourcesOf, synthesize, type Synthesis } from './support/synthesis.ts';

/** The two consumers that the specs move, with other places. */
const moved = (places: Readonly<Record<string, Place>>): DeployedConsumer[] =>
  CONSUMERS.filter(({ name }) => name in places).map((consumer) => ({ ...consumer, runsIn: places[consumer.name]! }));
const synthesizeWith = (welcomeEmail: Place, permissionsCache: Place): Synthesis =>
  synthesize({}, undefined, moved({ 'welcome-email': welcomeEmail, 'permissions-cache': permissionsCache }));

const swapped = synthesizeWith('worker', 'lambda');

const namesOf = ({ templates }: Synthesis, type: string, property: string): unknown[] =>
  resourcesOf(templates.PikaiaEvents, type)
    .map(({ Properties }) => Properties[property])
    .sort();
const alarmNames = (synthesis: Synthesis): string[] => alarmsOf(synthesis).map(({ AlarmName }) => AlarmName);

/** The variables of the worker that say where events go. */
function sinksOfWorker({ templates }: Synthesis): Record<string, unknown> {
  const worker = resourcesOf(templates.PikaiaApp, 'AWS::ECS::TaskDefinition').find(
    ({ Properties }) => Properties['Family'] === 'pikaia-outbox-worker',
  );
  const [container] = worker!.Properties['ContainerDefinitions'] as { Environment: { Name: string; Value: unknown }[] }[];
  return Object.fromEntries(
    container!.Environment.flatMap(({ Name, Value }) => (/^EVENT_(SINKS|CONSUMERS)$/.test(Name) ? [[Name, Value]] : [])),
  );
}

const variablesOf = ({ templates }: Synthesis): string[] => {
  const [handler] = resourcesOf(templates.PikaiaEvents, 'AWS::Lambda::Function');
  const { Variables } = handler!.Properties['Environment'] as { Variables: Record<string, unknown> };
  return Object.keys(Variables);
};
const actionsOfFunction = ({ templates }: Synthesis): string =>
  JSON.stringify(resourcesOf(templates.PikaiaEvents, 'AWS::IAM::Policy'));

describe('a consumer that is declared to run in the worker', () => {
  it('is named to the worker, which runs it beside the bus, and has no rule, queue, function or alarm', () => {
    for (const [synthesis, inWorker, inLambda] of [
      [defaults(), 'permissions-cache,billing-dashboard,webhook-fan-out', 'welcome-email'],
      [swapped, 'welcome-email', 'permissions-cache'],
    ] as const) {
      assert.deepEqual(sinksOfWorker(synthesis), { EVENT_SINKS: 'local,eventbridge', EVENT_CONSUMERS: inWorker });
      assert.deepEqual(namesOf(synthesis, 'AWS::Events::Rule', 'Name'), [`pikaia-${inLambda}`]);
      assert.deepEqual(namesOf(synthesis, 'AWS::SQS::Queue', 'QueueName'), [
        `pikaia-${inLambda}`,
        `pikaia-${inLambda}-dead-letters`,
      ]);
      assert.deepEqual(namesOf(synthesis, 'AWS::Lambda::Function', 'FunctionName'), [`pikaia-${inLambda}`]);
      assert.deepEqual(
        alarmNames(synthesis).filter((name) => name.startsWith('pikaia-consumer-failing')),
        [`pikaia-consumer-failing-${inLambda}`],
      );
    }
  });

  it('is covered by the alarms of the outbox, which have one series for each sink', () => {
    const text = JSON.stringify(alarmsOf(defaults()).filter(({ AlarmName }) => AlarmName === 'pikaia-outbox-dead-letters'));
    assert.match(text, /GROUP BY \\*"sink\\*"/);
  });
});

describe('a consumer that is declared to run in a Lambda', () => {
  it('gets the events of all its contracts', () => {
    const [rule] = resourcesOf(swapped.templates.PikaiaEvents, 'AWS::Events::Rule');
    const reached = samples.filter(({ contract, data }) => matches(rule!.Properties['EventPattern'], delivered(contract, data)));
    assert.deepEqual(
      reached.map(({ contract }) => `${contract.type} v${contract.version}`),
      [
        'member.invited v1',
        'member.invitation_revoked v1',
        'member.joined v1',
        'member.removed v1',
        'member.role_changed v1',
        'member.role_changed v2',
      ],
    );
  });

  it('gets only the variables, secrets and permissions that its settings need', () => {
    const onlyForMail = ['MAIL_TRANSPORT', 'MAIL_FROM', 'PUBLIC_URL', 'INVITATION_SECRET_ARN'];
    assert.deepEqual(
      onlyForMail.filter((name) => variablesOf(defaults()).includes(name)),
      onlyForMail,
    );
    assert.match(actionsOfFunction(defaults()), /ses:SendEmail/);
    assert.deepEqual(
      onlyForMail.filter((name) => variablesOf(swapped).includes(name)),
      [],
    );
    assert.ok(variablesOf(swapped).includes('DATABASE_SECRET_ARN'));
    assert.doesNotMatch(actionsOfFunction(swapped), /ses:SendEmail|InvitationSecret/);
  });
});

describe('the stacks with all consumers in one place', () => {
  it('have one delivery path for each consumer and a worker that only sends to the bus, if all run in Lambdas', () => {
    const synthesis = synthesizeWith('lambda', 'lambda');
    assert.deepEqual(sinksOfWorker(synthesis), { EVENT_SINKS: 'eventbridge' });
    assert.deepEqual(namesOf(synthesis, 'AWS::Lambda::Function', 'FunctionName'), [
      'pikaia-permissions-cache',
      'pikaia-welcome-email',
    ]);
    assert.equal(alarmNames(synthesis).filter((name) => name.startsWith('pikaia-consumer-failing-')).length, 2);
    const dlq = alarmsOf(synthesis).find(({ AlarmName }) => AlarmName === 'pikaia-consumer-dlq');
    assert.match(
      JSON.stringify(dlq),
      /permissionscacheDeadLetters.*welcomeemailDeadLetters|welcomeemailDeadLetters.*permissionscacheDeadLetters/,
    );
  });

  it('have the bus and no alarm of a queue, if all run in the worker', () => {
    const synthesis = synthesizeWith('worker', 'worker');
    assert.deepEqual(sinksOfWorker(synthesis), {
      EVENT_SINKS: 'local,eventbridge',
      EVENT_CONSUMERS: 'welcome-email,permissions-cache',
    });
    assert.deepEqual(namesOf(synthesis, 'AWS::SQS::Queue', 'QueueName'), []);
    assert.deepEqual(
      alarmNames(synthesis).filter((name) => name.startsWith('pikaia-consumer-') || name.startsWith('pikaia-events-')),
      [],
    );
  });
});
