import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '../..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

describe('npm run test:soak', () => {
  it('runs existing specs, which honor its duration and its seed', () => {
    const specs = [...read('scripts/soak.ts').matchAll(/^ {2}'(.+\.spec\.ts)',$/gm)].map(([, name = '']) => name);
    expect(specs.length).toBeGreaterThan(3);
    for (const spec of specs) expect(read(spec)).toMatch(/PIKAIA_PROOF_SECONDS(?=[^]*PIKAIA_PROOF_SEED)/);
  });

  it.each([
    ['--minutes', '0'],
    ['--minutes', '1e1'],
    ['--minutes', '.5'],
    ['--seed', 'x'],
    ['--seed', '0x10'],
    ['--seed', '1.0'],
    ['--seed', ''],
    ['--hours', '1'],
  ])('rejects %s %s and prints its usage', (...words) => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/soak.ts', ...words], { cwd: root, encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toContain('npm run test:soak -- [--minutes 10] [--seed 7]');
  });
});
