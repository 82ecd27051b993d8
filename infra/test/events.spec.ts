import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as contracts from '@pikaia/contracts';
import { contractOf, type ContractClass } from '@pikaia/events';
import { CONSUMERS, consumersIn } from '@pikaia/reactions';
import { validateSync } from 'class-validator';
import { plainToInstance } from 'class-transformer';
import { matches } from './evaluation/event-pattern.ts';
import { samples, delivered } from './support/events.ts';
import { defaults, resourcesOf, type Resource } from './support/synthesis.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Principal: unknown;
  readonly Condition?: unknown;
}

const LAMBDAS = consumersIn('lambda', CONSUMERS);

const template = () => defaults().templates.PikaiaEvents;
const of = (type: string) => resourcesOf(template(), type);
const rules = (): Resource[] => of('AWS::Events::Rule');
const ruleOf = (consumer: string): Resource => rules().find(({ Properties }) => Properties['Name'] === `pikaia-${consumer}`)!;
const patternOf = (consumer: string): unknown => ruleOf(consumer).Properties['EventPattern'];

describe('the events of all contracts', () => {
  const types = Object.values<unknown>(contracts).flatMap((one) => {
    try {
      return contractOf(one as ContractClass).type;
    } catch {
      return []; // a schema of a part, or a list
    }
  });

  it('have one valid sample each in this test', () => {
    assert.deepEqual(samples.map(({ contract }) => contract.type).sort(), types.sort());
    for (const { contract, data } of samples) {
      const problems = validateSync(plainToInstance(contract.data, data), { whitelist: true, forbidNonWhitelisted: true });
      assert.deepEqual(problems, [], contract.type);
    }
  });

  it('reach exactly the consumers that handle them', () => {
    for (const consumer of LAMBDAS) {
      const reached = samples.filter(({ contract, data }) => matches(patternOf(consumer.name), delivered(contract, data)));
      assert.deepEqual(
        reached.map(({ contract }) => contract.type),
        consumer.contracts.map(({ type }) => type),
      );
      assert.ok(reached.length, consumer.name);
    }
  });

  it('reach no consumer if the source or the type differs slightly', () => {
    const { contract, data } = samples.find(({ contract: { type } }) => type === 'member.invited')!;
    const event = delivered(contract, data);
    for (const change of [
      { 'detail-type': 'member.invite' },
      { 'detail-type': 'Member.Invited' },
      { 'detail-type': 'member.invited.v1' },
      { 'detail-type': undefined },
      { source: 'pikaia.organization' },
      { source: 'other.member' },
      { source: 7 },
    ]) {
      assert.equal(matches(patternOf('welcome-email'), { ...event, ...change }), false, JSON.stringify(change));
    }
  });

  it('are all archived for 14 days', () => {
    const [archive] = of('AWS::Events::Archive');
    assert.equal(archive!.Properties['RetentionDays'], 14);
    assert.deepEqual(archive!.Properties['EventPattern'], { account: [{ Ref: 'AWS::AccountId' }] });
  });
});

describe('the delivery path to a consumer', () => {
  it('leads from its rule to its queue, and for undeliverable events to its dead-letter queue', () => {
    for (const { name } of LAMBDAS) {
      const [target] = ruleOf(name).Properties['Targets'] as {
        Arn: { 'Fn::GetAtt': [string] };
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [string] } };
      }[];
      const queueOf = ({ 'Fn::GetAtt': [id] }: { 'Fn::GetAtt': [string] }): unknown =>
        template().Resources[id]!.Properties['QueueName'];
      assert.equal(queueOf(target!.Arn), `pikaia-${name}`);
      assert.equal(queueOf(target!.DeadLetterConfig.Arn), `pikaia-${name}-dead-letters`);
    }
  });

  it('accepts messages only from its own rule, and only over TLS', () => {
    const policies = of('AWS::SQS::QueuePolicy').map(
      ({ Properties }) => Properties['PolicyDocument'] as { Statement: Statement[] },
    );
    assert.equal(policies.length, LAMBDAS.length * 2);
    for (const { Statement } of policies) {
      const [denied, allowed, ...more] = Statement;
      assert.deepEqual([denied!.Effect, denied!.Condition], ['Deny', { Bool: { 'aws:SecureTransport': 'false' } }]);
      assert.deepEqual([allowed!.Effect, allowed!.Principal], ['Allow', { Service: 'events.amazonaws.com' }]);
      assert.ok([allowed!.Action].flat().includes('sqs:SendMessage'));
      assert.match(
        JSON.stringify(allowed!.Condition),
        /^\{"ArnEquals":\{"aws:SourceArn":\{"Fn::GetAtt":\["\w+Rule\w+","Arn"\]\}\}\}$/,
      );
      assert.deepEqual(more, []);
    }
  });

  it('reports failures per message, has a sufficient visibility timeout, and retries often before the dead-letter queue', () => {
    const [queue] = of('AWS::SQS::Queue').filter(({ Properties }) => Properties['RedrivePolicy']);
    const [handler] = of('AWS::Lambda::Function');
    const [source] = of('AWS::Lambda::EventSourceMapping');
    assert.deepEqual(source!.Properties['FunctionResponseTypes'], ['ReportBatchItemFailures']);
    assert.deepEqual(source!.Properties['ScalingConfig'], { MaximumConcurrency: 10 });
    assert.equal(queue!.Properties['VisibilityTimeout'], 6 * Number(handler!.Properties['Timeout']));
    assert.equal((queue!.Properties['RedrivePolicy'] as { maxReceiveCount: number }).maxReceiveCount, 100);
  });

  it('keeps dead letters at least a week longer than the source queue keeps messages', () => {
    const problems = (queues: readonly Resource[]): unknown[] =>
      queues
        .filter(({ Properties: { RedrivePolicy, MessageRetentionPeriod } }) => {
          if (!RedrivePolicy) return false;
          const { deadLetterTargetArn } = RedrivePolicy as { deadLetterTargetArn: { 'Fn::GetAtt': [string] } };
          const deadLetters = template().Resources[deadLetterTargetArn['Fn::GetAtt'][0]]!.Properties;
          return Number(deadLetters['MessageRetentionPeriod']) - Number(MessageRetentionPeriod) < 7 * 86_400;
        })
        .map(({ Properties }) => Properties['QueueName']);
    const queues = of('AWS::SQS::Queue');
    assert.equal(queues.filter(({ Properties }) => Properties['RedrivePolicy']).length, LAMBDAS.length);
    assert.deepEqual(problems(queues), []);
    const planted = queues.map((one) => ({ ...one, Properties: { ...one.Properties, MessageRetentionPeriod: 14 * 86_400 } }));
    assert.equal(problems(planted).length, LAMBDAS.length);
  });

  it('runs the bundle of its consumer on Node 24, and passes secrets as ARNs', () => {
    for (const { Properties } of of('AWS::Lambda::Function')) {
      assert.deepEqual([Properties['Runtime'], Properties['Handler']], ['nodejs24.x', 'index.handler']);
      const { Variables } = Properties['Environment'] as { Variables: Record<string, unknown> };
      assert.match(JSON.stringify(Variables['QUEUE_URL']), /^\{"Ref":"welcomeemailQueue/);
      for (const [name, value] of Object.entries(Variables)) {
        if (/SECRET|PASSWORD/.test(name)) assert.match(`${name} ${JSON.stringify(value)}`, /^\w+_SECRET_ARN \{"Fn::ImportValue"/);
      }
    }
  });
});
