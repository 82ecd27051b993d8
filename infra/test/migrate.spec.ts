import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { answer, migrate } from '../lambda/migrate/index.mjs';

const PROPERTIES = { taskDefinition: 'td', cluster: 'c', subnets: ['s'], securityGroups: ['g'], minutes: '14' };
type Look = Awaited<ReturnType<Parameters<typeof migrate>[1]['look']>>;

/** Tasks that go through the given states, and a clock that moves when somebody waits. */
function scripted(...looks: Look[]) {
  let now = 0;
  const stopped: string[] = [];
  const tasks = {
    run: async () => 'arn:task',
    look: async () => (looks.length > 1 ? looks.shift()! : looks[0]!),
    stop: async (_cluster: string, task: string) => void stopped.push(task),
  };
  const time = { now: () => now, pause: async (ms: number) => void (now += ms) };
  return { tasks, time, stopped, waited: () => now };
}

const RUNNING = { lastStatus: 'RUNNING' };
const ended = (exitCode?: number, reason?: string): Look => ({
  lastStatus: 'STOPPED',
  stoppedReason: 'Essential container exited',
  containers: [{ ...(exitCode !== undefined && { exitCode }), ...(reason && { reason }) }],
});

describe('the run of the migrations', () => {
  it('waits until the task has ended, also while nobody knows it yet', async () => {
    const { tasks, time, waited } = scripted({}, { lastStatus: 'PENDING' }, RUNNING, ended(0));
    assert.equal(await migrate(PROPERTIES, tasks, time), 'arn:task');
    assert.equal(waited(), 15_000);
  });

  for (const [what, look, why] of [
    ['that fails', ended(1), /failed \(exit code 1\): see the log group \/pikaia\/tasks, task arn:task/],
    ['that never began', ended(undefined, 'CannotPullContainerError'), /failed \(CannotPullContainerError\)/],
    ['that was killed', { lastStatus: 'STOPPED', stoppedReason: 'OutOfMemory', containers: [{}] }, /failed \(OutOfMemory\)/],
  ] as const) {
    it(`fails with a task ${what}`, async () => {
      const { tasks, time } = scripted(look as Look);
      await assert.rejects(migrate(PROPERTIES, tasks, time), why);
    });
  }

  it('stops a task that takes too long', async () => {
    const { tasks, time, stopped, waited } = scripted(RUNNING);
    await assert.rejects(migrate(PROPERTIES, tasks, time), /longer than 14 minutes/);
    assert.deepEqual([stopped, waited()], [['arn:task'], 14 * 60_000]);
  });
});

describe('what CloudFormation is told', () => {
  const request = { StackId: 's', RequestId: 'r', LogicalResourceId: 'l', ResourceProperties: PROPERTIES };

  async function told(
    RequestType: string,
    looks: Look[],
    status = 200,
  ): Promise<{ body: Record<string, unknown>; ran: boolean }> {
    const { tasks, time } = scripted(...looks);
    let ran = false;
    const bodies: string[] = [];
    const server = createServer(async (incoming, outgoing) => {
      bodies.push((await incoming.toArray()).join(''));
      outgoing.writeHead(status).end();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const ResponseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    try {
      await answer({ ...request, RequestType, ResponseURL }, async () => ((ran = true), tasks), time);
    } finally {
      await new Promise((closed) => server.close(closed).closeAllConnections());
    }
    return { body: JSON.parse(bodies[0]!) as Record<string, unknown>, ran };
  }

  it('is success or failure with its reason, under an id that stays', async () => {
    const good = await told('Create', [ended(0)]);
    assert.deepEqual(good.body, {
      Status: 'SUCCESS',
      StackId: 's',
      RequestId: 'r',
      LogicalResourceId: 'l',
      PhysicalResourceId: 'pikaia-migrations',
    });
    const bad = await told('Update', [ended(1)]);
    assert.deepEqual([bad.body['Status'], bad.ran], ['FAILED', true]);
    assert.match(String(bad.body['Reason']), /exit code 1/);
  });

  it('is success for a deletion, which migrates nothing', async () => {
    assert.deepEqual((await told('Delete', [ended(1)])).ran, false);
  });

  it('is told again when it was not taken', async () => {
    await assert.rejects(told('Create', [ended(0)], 500), /did not take the answer \(500\)/);
  });
});
