import { Stack, type App } from 'aws-cdk-lib';
import type { Alarm, Dashboard, IAlarm, IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { environmentOf } from '../settings/environment.ts';
import type { Settings } from '../settings/settings.ts';
import { anyOf, makeAlarm, makeComposite, type AlarmDefinition } from './alarm.ts';
import { apiAlarms } from './api.alarms.ts';
import { auditAlarms } from './audit.alarms.ts';
import { consumerAlarms } from './consumer.alarms.ts';
import { addRow, makeDashboard } from './dashboard.ts';
import { databaseAlarms } from './database.alarms.ts';
import { outboxAlarms } from './outbox.alarms.ts';
import { saveQueries } from './saved-queries.ts';
import { serviceAlarms } from './service.alarms.ts';
import { makeTopic } from './topic.ts';
import type { Watched } from './watched.ts';

const SERVICE_DEGRADED = 'pikaia-service-degraded';

/** Dashboard, alarms, the topic that they tell, and saved queries. */
export class ObservabilityStack extends Stack {
  /** Who is told: subscribe here what is no setting. */
  readonly topic: ITopic;
  private readonly dashboard: Dashboard;
  private readonly tell: SnsAction;
  private readonly shown: IAlarm[] = [];
  private readonly paging: IAlarm[] = [];

  constructor(app: App, settings: Settings, watched: Watched) {
    super(app, 'PikaiaObservability', { env: environmentOf(settings), description: 'Pikaia: dashboard, alarms, queries' });
    const at = settings.thresholds;
    this.topic = makeTopic(this, watched.network.telemetryKey, settings.alarms, SERVICE_DEGRADED);
    this.tell = new SnsAction(this.topic);
    const means = 'Users notice: one of the alarms that matter to them is on.';
    this.shown.push(makeComposite(this, SERVICE_DEGRADED, means, anyOf(this.paging), this.tell));
    const alarms = [
      ...apiAlarms(watched, at),
      ...serviceAlarms(watched, at),
      ...databaseAlarms(watched, at),
      ...outboxAlarms(at),
      ...consumerAlarms(watched, at),
      ...auditAlarms(this, watched, at),
    ];
    for (const definition of alarms) this.addAlarm(definition);
    this.dashboard = makeDashboard(this, watched, this.shown);
    saveQueries(this, watched);
  }

  /** Told to the topic, shown on the dashboard and, where users notice, part of pikaia-service-degraded. Its runbook is docs/runbooks/<name>.md. */
  addAlarm(definition: AlarmDefinition): Alarm {
    const alarm = makeAlarm(this, definition, this.tell);
    this.shown.push(alarm);
    if (definition.pages) this.paging.push(alarm);
    return alarm;
  }

  /** A row of widgets below those of the dashboard. */
  addRow(title: string, ...widgets: IWidget[]): void {
    addRow(this.dashboard, title, widgets);
  }
}
