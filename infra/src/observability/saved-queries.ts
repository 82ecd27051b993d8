import { CfnQueryDefinition } from 'aws-cdk-lib/aws-logs';
import { logQueries } from '@pikaia/logging/queries';
import type { Construct } from 'constructs';
import type { MonitoredStacks } from './monitored-stacks.ts';

/** Saves the queries of libs/logging over the logs of api, worker, tasks and consumers. The user replaces the placeholders `<…>`. */
export function saveQueries(scope: Construct, { app, events }: MonitoredStacks): void {
  const logGroupNames = [app.api.logs, app.worker.logs, app.taskLogs, ...events.consumers.map(({ logs }) => logs)].map(
    ({ group }) => group.logGroupName,
  );
  for (const [id, { name, text }] of Object.entries(logQueries)) {
    new CfnQueryDefinition(scope, `Query-${id}`, { name: `pikaia/${name}`, queryString: text, logGroupNames });
  }
}
