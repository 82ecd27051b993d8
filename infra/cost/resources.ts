import { eventMetrics } from '@pikaia/events/metrics';
import type { AlarmProperties } from '../test/evaluation/alarm-states.ts';
import { allResources, type Synthesis } from '../test/support/synthesis.ts';

/** What is deployed and costs by the hour or by the month, counted in the templates. */
export interface Deployed {
  readonly apiTask: Task;
  readonly workerTask: Task;
  readonly natGateways: number;
  readonly addresses: number;
  readonly endpointZones: number;
  readonly databaseInstances: number;
  readonly leastCapacity: number;
  readonly alarmMetrics: number;
  readonly compositeAlarms: number;
  readonly dashboards: number;
  readonly keys: number;
  readonly secrets: number;
  readonly ownMetrics: number;
  readonly functionGb: number;
  readonly logDays: number;
}

interface Task {
  readonly cpu: number;
  readonly gb: number;
  readonly tasks: number;
}

export function deployedIn(synthesis: Synthesis): Deployed {
  const all = (type: string) => allResources(synthesis, type).map(({ Properties }) => Properties);
  const count = (type: string): number => all(type).length;
  const task = (name: string): Task => {
    const { Cpu, Memory } = all('AWS::ECS::TaskDefinition').find(({ Family }) => Family === name)!;
    const { DesiredCount } = all('AWS::ECS::Service').find(({ ServiceName }) => ServiceName === name)!;
    return { cpu: Number(Cpu) / 1024, gb: Number(Memory) / 1024, tasks: Number(DesiredCount) };
  };
  const [cluster] = all('AWS::RDS::DBCluster');
  const [consumer] = all('AWS::Lambda::Function').filter(({ VpcConfig }) => VpcConfig);
  const interfaces = all('AWS::EC2::VPCEndpoint').filter(({ VpcEndpointType }) => VpcEndpointType === 'Interface');
  const alarms = all('AWS::CloudWatch::Alarm') as unknown as AlarmProperties[];
  const logs = all('AWS::Logs::LogGroup').find(({ LogGroupName }) => LogGroupName === '/pikaia/api')!;
  return {
    apiTask: task('pikaia-api'),
    workerTask: task('pikaia-outbox-worker'),
    natGateways: count('AWS::EC2::NatGateway'),
    addresses: count('AWS::EC2::EIP') + 2, // and those of the load balancer, one a zone
    endpointZones: interfaces.reduce((sum, { SubnetIds }) => sum + (SubnetIds as unknown[]).length, 0),
    databaseInstances: count('AWS::RDS::DBInstance'),
    leastCapacity: (cluster!['ServerlessV2ScalingConfiguration'] as { MinCapacity: number }).MinCapacity,
    alarmMetrics: alarms.reduce((sum, { Metrics }) => sum + (Metrics?.filter(({ MetricStat }) => MetricStat).length ?? 1), 0),
    compositeAlarms: count('AWS::CloudWatch::CompositeAlarm'),
    dashboards: count('AWS::CloudWatch::Dashboard'),
    keys: count('AWS::KMS::Key'),
    secrets: count('AWS::SecretsManager::Secret'),
    // One sink, and as many consumers as there are rules: each has a series, and there is one of all.
    ownMetrics:
      count('AWS::Logs::MetricFilter') +
      Object.values(eventMetrics).reduce(
        (sum, { dimensions }) => sum + 1 + (dimensions[1].includes('sink' as never) ? 1 : count('AWS::Events::Rule')),
        0,
      ),
    functionGb: Number(consumer!['MemorySize']) / 1024,
    logDays: Number(logs['RetentionInDays']),
  };
}
