import type { INestApplication } from '@nestjs/common';

/** The path prefix of all routes except the health checks and the console. */
export const API_PREFIX = 'api/v1';

export const setPrefix = (app: INestApplication): unknown =>
  app.setGlobalPrefix(API_PREFIX, { exclude: ['health/live', 'health/ready', 'console', 'console/*path'] });
