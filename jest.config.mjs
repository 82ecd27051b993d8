/** @type {import('jest').Config} */
export default {
  testMatch: ['<rootDir>/{apps,libs}/*/src/**/*.spec.ts', '<rootDir>/test/**/*.spec.ts'],
  testPathIgnorePatterns: [
    ...(process.env.PIKAIA_TEST_IMAGE === '1' ? [] : ['/test/docker/image\\.spec\\.ts$']), // npm run test:image
    ...(process.env.PIKAIA_WRITE_SCREENSHOTS === '1' ? [] : ['/test/console/write-screenshots\\.spec\\.ts$']), // npm run console:screenshots
  ],
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['pikaia-source', 'node', 'require', 'default'] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['/dist/', '/var/', '<rootDir>/infra/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
        jsc: {
          target: 'es2023',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
      },
    ],
  },
  globalSetup: '<rootDir>/test/support/jest/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/jest/global-teardown.mjs',
  reporters: ['default', '<rootDir>/test/support/jest/closing-line.reporter.mjs'],
  testTimeout: 240_000, // twenty times what the slowest test needs, for a busy machine; no test sets a shorter one
  maxWorkers: 2,
};
