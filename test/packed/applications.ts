import { versionOf } from './installation.js';

/** An application that installs the packed libraries, with the versions of their peers that it has. */
export interface Application {
  readonly title: string;
  readonly node: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly type: 'module' | 'commonjs';
  readonly moduleResolution: 'nodenext' | 'node10';
  /** The adapter of Nest, and where the application mounts ClsModule. */
  readonly adapter: 'Fastify' | 'Express';
  readonly mount: object;
  /** The arguments of Node that run the tests. */
  readonly test: readonly string[];
}

const NEST_12 = {
  '@nestjs/testing': '12.1.1',
  '@nestjs/schedule': '12.0.2',
  '@nestjs/websockets': '12.1.1',
  '@nestjs/platform-ws': '12.1.1',
};
const NEST_11 = {
  '@nestjs/common': '11.2.10',
  '@nestjs/core': '11.2.10',
  '@nestjs/testing': '11.2.6',
  '@nestjs/schedule': '6.1.3',
  '@nestjs/websockets': '11.2.6',
  '@nestjs/platform-ws': '11.2.6',
  '@nestjs/typeorm': '11.0.3',
};
const ours = (...names: string[]) => Object.fromEntries(names.map((name) => [name, versionOf(name)]));
const SHARED = ours('nestjs-cls', 'class-transformer', 'reflect-metadata', 'rxjs', 'pg');
const OURS_12 = ours('@nestjs/common', '@nestjs/core', '@nestjs/typeorm');

/** Each version of each peer occurs at least once. */
export const APPLICATIONS: readonly Application[] = [
  {
    title: 'Nest 12 on Fastify, ECMAScript modules, Vitest, Node 22',
    node: '22.23.3',
    packages: {
      ...SHARED,
      ...NEST_12,
      ...OURS_12,
      ...ours('@nestjs/platform-fastify', 'typeorm', 'class-validator'),
      vitest: '5.1.2',
    },
    type: 'module',
    moduleResolution: 'nodenext',
    adapter: 'Fastify',
    mount: { middleware: { mount: true } },
    test: ['vitest/vitest.mjs', 'run', '--globals', '--dir', 'dist'],
  },
  {
    title: 'Nest 12 on Express, CommonJS, Jest 30, Node 24',
    node: versionOf('node'),
    packages: {
      ...SHARED,
      ...NEST_12,
      ...OURS_12,
      ...ours('@nestjs/platform-express', 'typeorm', 'jest'),
      'class-validator': '0.14.4',
    },
    type: 'commonjs',
    moduleResolution: 'nodenext',
    adapter: 'Express',
    mount: { interceptor: { mount: true } },
    test: ['--experimental-vm-modules', 'jest/bin/jest.js', '--rootDir', 'dist'], // for Nest 12 itself, which consists of ECMAScript modules
  },
  {
    title: 'Nest 11 on Express, CommonJS with the classic resolution of types, Jest 30, Node 22',
    node: '22.23.3',
    packages: { ...SHARED, ...NEST_11, ...ours('typeorm', 'jest', 'class-validator'), '@nestjs/platform-express': '11.2.10' },
    type: 'commonjs',
    moduleResolution: 'node10',
    adapter: 'Express',
    mount: { guard: { mount: true } },
    test: ['jest/bin/jest.js', '--rootDir', 'dist'],
  },
  {
    title: 'Nest 11 on Fastify, CommonJS, TypeORM 0.3, Jest 29, Node 20',
    node: '20.20.2',
    packages: {
      ...SHARED,
      ...NEST_11,
      typeorm: '0.3.31',
      'class-validator': '0.14.4',
      jest: '29.7.0',
      '@nestjs/platform-fastify': '11.2.8',
    },
    type: 'commonjs',
    moduleResolution: 'nodenext',
    adapter: 'Fastify',
    mount: { middleware: { mount: true, useEnterWith: true } },
    test: ['jest/bin/jest.js', '--rootDir', 'dist'],
  },
];
