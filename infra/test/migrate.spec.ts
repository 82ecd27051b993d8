import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { handleRequest, migrate } from '../lambda/migrate/index.mjs';

const PROPERTIES = { taskDefinition: 'td', cluster: 'c', subnets: ['s'], securityGroups: ['g'], minutes: '14' };
type TaskState = Awaited<ReturnType<Parameters<typeof migrate>[1]['getState']>>;

/** Fake tasks that go through the given states, and a clock that advances on each wait. */
function fakeTasks(...states: TaskState[]) {
  let now = 0;
  const stopped: string[] = [];
  const tasks = {
    run: async () => 'arn:task',
    getState: async () => (states.length > 1 ? states.shift()! : states[0]!),
    stop: async (_cluster: string, task: string) => void stopped.push(task),
  };
  const time = { now: () => now, pause: async (ms: number) => void (now += ms) };
  return { tasks, time, stopped, waited: () => now };
}

const RUNNING = { lastStatus: 'RUNNING' };
const ended = (exitCode?: number, reason?: string): TaskState => ({
  lastStatus: 'STOPPED',
  stoppedReason: 'Essential container exited',
  containers: [{ ...(exitCode !== undefined && { exitCode }), ...(reason && { reason }) }],
});

describe('the run of the migrations', () => {
  it('waits until the task has ended, even if ECS does not know the task at first', async () => {
    const { tasks, time, waited } = fakeTasks({}, { lastStatus: 'PENDING' }, RUNNING, ended(0));
    assert.equal(await migrate(PROPERTIES, tasks, time), 'arn:task');
    assert.equal(waited(), 15_000);
  });

  for (const [outcome, state, message] of [
    ['fails', ended(1), /failed \(exit code 1\): see the log group \/pikaia\/tasks, task arn:task/],
    ['never starts', ended(undefined, 'CannotPullContainerError'), /failed \(CannotPullContainerError\)/],
    ['is killed', { lastStatus: 'STOPPED', stoppedReason: 'OutOfMemory', containers: [{}] }, /failed \(OutOfMemory\)/],
  ] as const) {
    it(`fails if the task ${outcome}`, async () => {
      const { tasks, time } = fakeTasks(state as TaskState);
      await assert.rejects(migrate(PROPERTIES, tasks, time), message);
    });
  }

  it('stops a task that exceeds the time limit', async () => {
    const { tasks, time, stopped, waited } = fakeTasks(RUNNING);
    await assert.rejects(migrate(PROPERTIES, tasks, time), /longer than 14 minutes/);
    assert.deepEqual([stopped, waited()], [['arn:task'], 14 * 60_000]);
  });
});

describe('the response to CloudFormation', () => {
  const request = { StackId: 's', RequestId: 'r', LogicalResourceId: 'l', ResourceProperties: PROPERTIES };

  async function respond(
    RequestType: string,
    states: TaskState[],
    status = 200,
  ): Promise<{ body: Record<string, unknown>; ran: boolean }> {
    const { tasks, time } = fakeTasks(...states);
    let ran = false;
    const bodies: string[] = [];
    const server = createServer(async (incoming, outgoing) => {
      bodies.push((await incoming.toArray()).join(''));
      outgoing.writeHead(status).end();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const ResponseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    try {
      await handleRequest({ ...request, RequestType, ResponseURL }, async () => ((ran = true), tasks), time);
    } finally {
      await new Promise((closed) => server.close(closed).closeAllConnections());
    }
    return { body: JSON.parse(bodies[0]!) as Record<string, unknown>, ran };
  }

  it('reports success, or failure with its reason, under a constant physical ID', async () => {
    const good = await respond('Create', [ended(0)]);
    assert.deepEqual(good.body, {
      Status: 'SUCCESS',
      StackId: 's',
      RequestId: 'r',
      LogicalResourceId: 'l',
      PhysicalResourceId: 'pikaia-migrations',
    });
    const bad = await respond('Update', [ended(1)]);
    assert.deepEqual([bad.body['Status'], bad.ran], ['FAILED', true]);
    assert.match(String(bad.body['Reason']), /exit code 1/);
  });

  it('reports success for a deletion without running the migrations', async () => {
    assert.deepEqual((await respond('Delete', [ended(1)])).ran, false);
  });

  it('throws if CloudFormation does not accept the response, so that Lambda retries', async () => {
    await assert.rejects(respond('Create', [ended(0)], 500), /did not accept the response \(500\)/);
  });
});
