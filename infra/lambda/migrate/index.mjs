// Runs the migrations as a task of ECS and tells CloudFormation how it ended. The SDK is the one of Lambda's runtime.
const LOOK_EVERY_MS = 5000;

/** @typedef {{ taskDefinition: string, cluster: string, subnets: string[], securityGroups: string[], minutes: string | number }} Properties */
/** @typedef {{ lastStatus?: string, stoppedReason?: string, containers?: { exitCode?: number, reason?: string }[] }} TaskState */
/** @typedef {{ run(properties: Properties): Promise<string>, look(cluster: string, task: string): Promise<TaskState>, stop(cluster: string, task: string): Promise<void> }} Tasks */

/**
 * Waits until the task has ended. A deployment that takes something back runs them too: code that is older than the schema
 * finds nothing to do.
 *
 * @param {Properties} properties
 * @param {Tasks} tasks
 * @param {{ now: () => number, pause: (ms: number) => Promise<unknown> }} time
 * @returns {Promise<string>} the task
 * @throws Error when it did not start, did not end in time, or ended otherwise than with 0
 */
export async function migrate(properties, tasks, time) {
  const { cluster, minutes } = properties;
  const task = await tasks.run(properties);
  const deadline = time.now() + Number(minutes) * 60_000;
  for (;;) {
    const { lastStatus, stoppedReason, containers } = await tasks.look(cluster, task);
    if (lastStatus === 'STOPPED') {
      const [container] = containers ?? [];
      if (container?.exitCode === 0) return task;
      const why = container?.exitCode === undefined ? (container?.reason ?? stoppedReason) : `exit code ${container.exitCode}`;
      throw new Error(`The migrations failed (${why}): see the log group /pikaia/tasks, task ${task}.`);
    }
    if (time.now() >= deadline) {
      await tasks.stop(cluster, task);
      throw new Error(
        `The migrations took longer than ${minutes} minutes and were stopped: run them by hand first, see docs/deploying.md.`,
      );
    }
    await time.pause(LOOK_EVERY_MS);
  }
}

/** @typedef {{ RequestType: string, ResourceProperties: Properties, ResponseURL: string, StackId: string, RequestId: string, LogicalResourceId: string, PhysicalResourceId?: string }} Request */

/** @param {Request} request */
export async function handler(request) {
  await answer(request, tasksOfEcs, { now: Date.now, pause: (ms) => new Promise((done) => setTimeout(done, ms)) });
}

/**
 * @param {Request} request
 * @param {() => Promise<Tasks>} findTasks
 * @param {Parameters<typeof migrate>[2]} time
 * @throws Error when CloudFormation did not take the answer; Lambda tries again then
 */
export async function answer(request, findTasks, time) {
  const { RequestType, ResponseURL, StackId, RequestId, LogicalResourceId, PhysicalResourceId = 'pikaia-migrations' } = request;
  /** @type {{ Status: 'SUCCESS' | 'FAILED', Reason?: string }} */
  let outcome = { Status: 'SUCCESS' };
  try {
    if (RequestType !== 'Delete') await migrate(request.ResourceProperties, await findTasks(), time);
  } catch (error) {
    outcome = { Status: 'FAILED', Reason: error instanceof Error ? error.message : String(error) };
  }
  const body = JSON.stringify({ ...outcome, StackId, RequestId, LogicalResourceId, PhysicalResourceId });
  const taken = await fetch(ResponseURL, { method: 'PUT', headers: { 'content-type': '' }, body });
  if (!taken.ok) throw new Error(`CloudFormation did not take the answer (${taken.status}).`);
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
    async look(cluster, task) {
      const { tasks } = await ecs.describeTasks({ cluster, tasks: [task] });
      return tasks?.[0] ?? {}; // not yet known everywhere
    },
    async stop(cluster, task) {
      await ecs.stopTask({ cluster, task, reason: 'The migrations took too long.' });
    },
  };
}
