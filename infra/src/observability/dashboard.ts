import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  Stats,
  TextWidget,
  type IAlarm,
  type IMetric,
  type IWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import {
  apiMetrics,
  consumerMetric,
  databaseMetrics,
  eventMetrics,
  failedWebhooksByCode,
  MINUTE,
  outboxMetric,
  outboxMetricBySink,
  ruleMetric,
  serviceMetrics,
  webhookSendingMetric,
  webhookSendingMetrics,
} from './metrics.ts';
import type { MonitoredStacks } from './monitored-stacks.ts';

const WIDTH = 24; // columns of a dashboard

/**
 * The dashboard `pikaia-operations`. Its rows go from the outside in: requests, services, database, events. Alarms that are added
 * to the list later are included.
 */
export function createDashboard(scope: Construct, stacks: MonitoredStacks, alarms: IAlarm[]): Dashboard {
  const dashboard = new Dashboard(scope, 'Dashboard', {
    dashboardName: 'pikaia-operations',
    defaultInterval: Duration.hours(3),
  });
  const rows: Record<string, IWidget[]> = {
    'API Overview': apiRow(stacks),
    'ECS Service': serviceRow(stacks),
    Database: databaseRow(stacks),
    Events: eventsRow(stacks),
    Webhooks: webhooksRow(),
    Alarms: [new AlarmStatusWidget({ title: 'Status', alarms, width: WIDTH, height: 4 })],
  };
  for (const [title, widgets] of Object.entries(rows)) addRow(dashboard, title, widgets);
  return dashboard;
}

export function addRow(dashboard: Dashboard, title: string, widgets: readonly IWidget[]): void {
  dashboard.addWidgets(new TextWidget({ markdown: `## ${title}`, width: WIDTH, height: 1 }));
  dashboard.addWidgets(...widgets);
}

const graph = (title: string, width: number, left: readonly IMetric[]): GraphWidget =>
  new GraphWidget({ title, left: [...left], width, height: 6, leftYAxis: { min: 0 } });

function apiRow(stacks: MonitoredStacks): IWidget[] {
  const { requests, targetErrors, balancerErrors, latency } = apiMetrics(stacks, MINUTE);
  return [
    graph('Requests', 8, [requests]),
    graph('5xx', 8, [targetErrors, balancerErrors]),
    graph('Latency', 8, [latency(50), latency(99)]),
  ];
}

function serviceRow(stacks: MonitoredStacks): IWidget[] {
  const { cpu, memory } = serviceMetrics(stacks, MINUTE);
  return [
    graph('CPU, %', 8, Object.values(cpu)),
    graph('Memory, %', 8, Object.values(memory)),
    graph('Healthy hosts', 8, [apiMetrics(stacks, MINUTE).healthyHosts]),
  ];
}

function databaseRow(stacks: MonitoredStacks): IWidget[] {
  const { connections, cpu, capacity, readLatency, writeLatency } = databaseMetrics(stacks, MINUTE);
  return [
    graph('Connections', 6, [connections]),
    graph('CPU, %', 6, [cpu]),
    graph('Capacity, ACU', 6, [capacity]),
    graph('Latency', 6, [readLatency, writeLatency]),
  ];
}

function webhooksRow(): IWidget[] {
  const { sent, due, oldestDue, duration } = webhookSendingMetrics;
  return [
    graph('Webhooks that arrived', 6, [webhookSendingMetric(sent)]),
    graph('Failed attempts to send a webhook', 6, [failedWebhooksByCode()]),
    graph('Webhooks that are due, and the age of the oldest, s', 6, [webhookSendingMetric(due), webhookSendingMetric(oldestDue)]),
    graph('Duration of an attempt, ms', 6, [webhookSendingMetric(duration)]),
  ];
}

function eventsRow({ events: { consumers, bus } }: MonitoredStacks): IWidget[] {
  const { backlog, oldestPending, published, failed, unhandled, leaderless, leaderFailing, publishLatency, consumerFailed } =
    eventMetrics;
  const deadLetters = consumers.map(({ name, deadLetters }) =>
    deadLetters.metricApproximateNumberOfMessagesVisible({ period: MINUTE, statistic: Stats.MAXIMUM, label: name }),
  );
  return [
    graph('Outbox backlog', 8, [outboxMetricBySink(backlog)]),
    graph('Age of the oldest pending event, s', 8, [outboxMetricBySink(oldestPending)]),
    graph('Recorded to accepted, ms', 8, [outboxMetric(publishLatency, Stats.p(50)), outboxMetric(publishLatency)]),
    graph('Published', 8, [outboxMetricBySink(published)]),
    graph('Dead letters of the outbox, and events that no worker handles', 8, [
      outboxMetricBySink(failed),
      outboxMetricBySink(unhandled),
    ]),
    graph('Sinks without a leader, and leaders that fail', 8, [
      outboxMetricBySink(leaderless),
      outboxMetricBySink(leaderFailing),
    ]),
    graph('Dead letters of consumers', 12, deadLetters),
    graph(
      'Failed attempts of consumers',
      12,
      consumers.map(({ name }) => consumerMetric(consumerFailed, name)),
    ),
    graph(
      'Age of the oldest dead letter, s',
      12,
      consumers.map(({ name, deadLetters }) =>
        deadLetters.metricApproximateAgeOfOldestMessage({ period: MINUTE, statistic: Stats.MAXIMUM, label: name }),
      ),
    ),
    graph(
      'Events that a rule could not deliver',
      12,
      consumers.flatMap(({ ruleName }) =>
        (['FailedInvocations', 'InvocationsSentToDlq', 'InvocationsFailedToBeSentToDlq'] as const).map((metric) =>
          ruleMetric(metric, ruleName, bus.eventBusName),
        ),
      ),
    ),
  ];
}
