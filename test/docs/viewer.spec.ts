import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { System } from '../support/system/system.js';

const run = promisify(execFile);
const CODE = `
import { findViewer } from './scripts/explain/viewer.ts';
console.log(JSON.stringify(await findViewer(process.argv[1], process.argv[2])));`;

/** Calls findViewer in another process, because Jest compiles modules to CommonJS. */
async function viewerOf(url: string, id: string): Promise<unknown> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', CODE, url, id], {
    cwd: resolve(__dirname, '../..'),
  });
  return JSON.parse(stdout);
}

describe('npm run explain', () => {
  it('reads a trail with a session of its organization, even if the admin joined another organization first', async () => {
    const system = await System.start({ worker: false });
    try {
      const email = 'alice@example.com'; // an admin of acme
      const session = await system.newToken(email, undefined, { newOrganization: true });
      const created = await system.request('POST', '/organizations', {
        headers: { authorization: `Bearer ${session}` },
        body: { name: 'Second', slug: 'second' },
      });
      expect(created.status).toBe(201);
      const viewer = await viewerOf(system.database.ownerUrl, created.headers.get('x-correlation-id')!);
      expect(viewer).toMatchObject({ email, organization: 'second' });
    } finally {
      await system.stop();
    }
  });
});
