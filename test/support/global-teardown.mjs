import { rmSync } from 'node:fs';

export default async function tearDown() {
  const { folder, server } = globalThis.pikaiaTestServer ?? {};
  if (!server) return; // another server was chosen
  await server.stop();
  rmSync(folder, { recursive: true, force: true }); // what mkdtemp returned, nothing derived from it
}
