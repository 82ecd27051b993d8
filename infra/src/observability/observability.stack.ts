import { Stack, type App } from 'aws-cdk-lib';
import type { Alarm, Dashboard, IAlarm, IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { environmentOf } from '../settings/environment.ts';
import type { Settings } from '../settings/settings.ts';
import { anyOf, createAlarm, createCompositeAlarm, type AlarmDefinition } from './alarm.ts';
import { apiAlarms } from './api.alarms.ts';
import { auditAlarms } from './audit.alarms.ts';
import { consumerAlarms } from './consumer.alarms.ts';
import { addRow, createDashboard } from './dashboard.ts';
import { databaseAlarms } from './database.alarms.ts';
import { outboxAlarms } from './outbox.alarms.ts';
import { saveQueries } from './saved-queries.ts';
import { serviceAlarms } from './service.alarms.ts';
import { createTopic } from './topic.ts';
import { webhookSendingAlarms } from './webhook-sending.alarms.ts';
import { webhookAlarms } from './webhook.alarms.ts';
import type { MonitoredStacks } from './monitored-stacks.ts';

const SERVICE_DEGRADED = 'pikaia-service-degraded';

/** The dashboard, the alarms, their notification topic and the saved queries. */
export class ObservabilityStack extends Stack {
  /** The notification topic of the alarms. Add subscriptions here that the settings do not cover. */
  readonly topic: ITopic;
  private readonly dashboard: Dashboard;
  private readonly action: SnsAction;
  private readonly alarms: IAlarm[] = [];
  private readonly pagingAlarms: IAlarm[] = [];

  constructor(app: App, settings: Settings, stacks: MonitoredStacks) {
    super(app, 'PikaiaObservability', { env: environmentOf(settings), description: 'Pikaia: dashboard, alarms, queries' });
    const at = settings.thresholds;
    this.topic = createTopic(this, stacks.network.telemetryKey, settings.alarms, SERVICE_DEGRADED);
    this.action = new SnsAction(this.topic);
    const means = 'Users are affected: at least one of the paging alarms is on.';
    this.alarms.push(createCompositeAlarm(this, SERVICE_DEGRADED, means, anyOf(this.pagingAlarms), this.action));
    const definitions = [
      ...apiAlarms(stacks, at),
      ...serviceAlarms(stacks, at),
      ...databaseAlarms(stacks, at),
      ...outboxAlarms(at),
      ...consumerAlarms(stacks, at),
      ...auditAlarms(this, stacks, at),
      ...webhookAlarms(at),
      ...webhookSendingAlarms(at),
    ];
    for (const definition of definitions) this.addAlarm(definition);
    this.dashboard = createDashboard(this, stacks, this.alarms);
    saveQueries(this, stacks);
  }

  /**
   * Adds an alarm that notifies the topic and is shown on the dashboard. If it pages, it is part of pikaia-service-degraded. Its
   * runbook is docs/runbooks/<name>.md.
   */
  addAlarm(definition: AlarmDefinition): Alarm {
    const alarm = createAlarm(this, definition, this.action);
    this.alarms.push(alarm);
    if (definition.pages) this.pagingAlarms.push(alarm);
    return alarm;
  }

  /** Adds a row of widgets at the end of the dashboard. */
  addRow(title: string, ...widgets: IWidget[]): void {
    addRow(this.dashboard, title, widgets);
  }
}
