import { Stack, type App } from 'aws-cdk-lib';
import { AlarmRule, AlarmState, type Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { environmentOf } from '../settings/environment.ts';
import type { Settings } from '../settings/settings.ts';
import { makeAlarm, makeComposite, type AlarmDefinition } from './alarm.ts';
import { apiAlarms } from './api.alarms.ts';
import { auditAlarms } from './audit.alarms.ts';
import { consumerAlarms } from './consumer.alarms.ts';
import { makeDashboard } from './dashboard.ts';
import { databaseAlarms } from './database.alarms.ts';
import { outboxAlarms } from './outbox.alarms.ts';
import { saveQueries } from './saved-queries.ts';
import { serviceAlarms } from './service.alarms.ts';
import { makeTopic } from './topic.ts';
import type { Watched } from './watched.ts';

const SERVICE_DEGRADED = 'pikaia-service-degraded';

/** Dashboard, alarms, the topic that they tell, and saved queries. */
export class ObservabilityStack extends Stack {
  readonly dashboard: Dashboard;
  readonly topic: ITopic;
  readonly alarms: readonly AlarmDefinition[];

  constructor(app: App, settings: Settings, watched: Watched) {
    super(app, 'PikaiaObservability', { env: environmentOf(settings), description: 'Pikaia: dashboard, alarms, queries' });
    const at = settings.thresholds;
    this.topic = makeTopic(this, watched.network.telemetryKey, settings.alarms, SERVICE_DEGRADED);
    const tell = new SnsAction(this.topic);
    this.alarms = [
      ...apiAlarms(watched, at),
      ...serviceAlarms(watched, at),
      ...databaseAlarms(watched, at),
      ...outboxAlarms(at),
      ...consumerAlarms(watched, at),
      ...auditAlarms(this, watched, at),
    ];
    const made = this.alarms.map((definition) => ({ definition, alarm: makeAlarm(this, definition, tell) }));
    const pages = made
      .filter(({ definition }) => definition.pages)
      .map(({ alarm }) => AlarmRule.fromAlarm(alarm, AlarmState.ALARM));
    const degraded = makeComposite(
      this,
      SERVICE_DEGRADED,
      'Users notice: one of the alarms that matter to them is on.',
      AlarmRule.anyOf(...pages),
      tell,
    );
    this.dashboard = makeDashboard(this, watched, [degraded, ...made.map(({ alarm }) => alarm)]);
    saveQueries(this, watched);
  }
}
