import { rmSync } from 'node:fs';

export default async function tearDown() {
  const { folder, server } = globalThis.pikaiaTestServer ?? {};
  if (!server) return; // PIKAIA_TEST_SERVER selects an external server
  await server.stop();
  rmSync(folder, { recursive: true, force: true }); // only the folder from mkdtemp
}
