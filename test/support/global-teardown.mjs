import { rmSync } from 'node:fs';

export default async function tearDown() {
  const { folder, stop } = globalThis.pikaiaTestServer;
  await stop();
  rmSync(folder, { recursive: true, force: true }); // what mkdtemp returned, nothing derived from it
}
