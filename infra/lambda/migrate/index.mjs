// Runs the migrations as an ECS task and reports the result to CloudFormation. Uses the SDK of the Lambda runtime.
const POLL_INTERVAL_MS = 5000;

/** @typedef {{ taskDefinition: string, cluster: string, subnets: string[], securityGroups: string[], minutes: string | number }} Properties */
/** @typedef {{ lastStatus?: string, stoppedReason?: string, containers?: { exitCode?: number, reason?: string }[] }} TaskState */
/** @typedef {{ run(properties: Properties): Promise<string>, getState(cluster: string, task: string): Promise<TaskState>, stop(cluster: string, task: string): Promise<void> }} Tasks */

/**
 * Starts the migrations and waits until the task has ended. A rollback also runs the migrations. Code that is older than the schema
 * has nothing to migrate.
 *
 * @param {Properties} properties
 * @param {Tasks} tasks
 * @param {{ now: () => number, pause: (ms: number) => Promise<unknown> }} time
 * @returns {Promise<string>} the ARN of the task
 * @throws Error if the task did not start, did not end in time, or did not end with exit code 0
 */
export async function migrate(properties, tasks, time) {
  const { cluster, minutes } = properties;
  const task = await tasks.run(properties);
  const deadline = time.now() + Number(minutes) * 60_000;
  for (;;) {
    const { lastStatus, stoppedReason, containers } = await tasks.getState(cluster, task);
    if (lastStatus === 'STOPPED') {
      const [container] = containers ?? [];
      if (container?.exitCode === 0) return task;
      const why = container?.exitCode === undefined ? (container?.reason ?? stoppedReason) : `exit code ${container.exitCode}`;
      throw new Error(`The migrations failed (${why}): see the log group /pikaia/tasks, task ${task}.`);
    }
    if (time.now() >= deadline) {
      await tasks.stop(cluster, task);
      throw new Error(
        `The migrations took longer than ${minutes} minutes and were stopped. Run them manually first, see docs/deploying.md.`,
      );
    }
    await time.pause(POLL_INTERVAL_MS);
  }
}

/** @typedef {{ RequestType: string, ResourceProperties: Properties, ResponseURL: string, StackId: string, RequestId: string, LogicalResourceId: string, PhysicalResourceId?: string }} Request */

/** @param {Request} request */
export async function handler(request) {
  await handleRequest(request, tasksOfEcs, { now: Date.now, pause: (ms) => new Promise((done) => setTimeout(done, ms)) });
}

/**
 * @param {Request} request
 * @param {() => Promise<Tasks>} findTasks
 * @param {Parameters<typeof migrate>[2]} time
 * @throws Error if CloudFormation did not accept the response; Lambda then retries
 */
export async function handleRequest(request, findTasks, time) {
  const { RequestType, ResponseURL, StackId, RequestId, LogicalResourceId, PhysicalResourceId = 'pikaia-migrations' } = request;
  /** @type {{ Status: 'SUCCESS' | 'FAILED', Reason?: string }} */
  let outcome = { Status: 'SUCCESS' };
  try {
    if (RequestType !== 'Delete') await migrate(request.ResourceProperties, await findTasks(), time);
  } catch (error) {
    outcome = { Status: 'FAILED', Reason: error instanceof Error ? error.message : String(error) };
  }
  const body = JSON.stringify({ ...outcome, StackId, RequestId, LogicalResourceId, PhysicalResourceId });
  const response = await fetch(ResponseURL, { method: 'PUT', headers: { 'content-type': '' }, body });
  if (!response.ok) throw new Error(`CloudFormation did not accept the response (${response.status}).`);
}

/** @returns {Promise<Tasks>} */
async function tasksOfEcs() {
  const name = '@aws-sdk/client-ecs';
  const { ECS } = await import(name);
  const ecs = new ECS();
  return {
    async run({ taskDefinition, cluster, subnets, securityGroups }) {
      const { tasks, failures } = await ecs.runTask({
        taskDefinition,
        cluster,
        launchType: 'FARGATE',
        networkConfiguration: { awsvpcConfiguration: { subnets, securityGroups, assignPublicIp: 'DISABLED' } },
      });
      const [task] = tasks ?? [];
      if (!task?.taskArn) throw new Error(`The migrations could not be started (${failures?.[0]?.reason ?? 'no reason given'}).`);
      return task.taskArn;
    },
    async getState(cluster, task) {
      const { tasks } = await ecs.describeTasks({ cluster, tasks: [task] });
      return tasks?.[0] ?? {}; // ECS is eventually consistent: a new task can be missing
    },
    async stop(cluster, task) {
      await ecs.stopTask({ cluster, task, reason: 'The migrations took too long.' });
    },
  };
}
