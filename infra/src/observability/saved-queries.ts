import { CfnQueryDefinition } from 'aws-cdk-lib/aws-logs';
import { logQueries } from '@pikaia/logging/queries';
import type { Construct } from 'constructs';
import type { Watched } from './watched.ts';

/** The queries of libs/logging, over the logs of api, worker, tasks and consumers. `<…>` in them is what has to be filled in. */
export function saveQueries(scope: Construct, { app, events }: Watched): void {
  const logGroupNames = [app.api.logs, app.worker.logs, app.taskLogs, ...events.consumers.map(({ logs }) => logs)].map(
    ({ group }) => group.logGroupName,
  );
  for (const [id, { name, text }] of Object.entries(logQueries)) {
    new CfnQueryDefinition(scope, `Query-${id}`, { name: `pikaia/${name}`, queryString: text, logGroupNames });
  }
}
