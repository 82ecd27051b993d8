import type { INestApplication } from '@nestjs/common';

/** The path prefix of all routes except the health checks and the console. */
export const API_PREFIX = 'api/v1';

const UNPREFIXED = ['health/live', 'health/ready', 'console', 'console/*path'];

export const setPrefix = (app: INestApplication): unknown => app.setGlobalPrefix(API_PREFIX, { exclude: UNPREFIXED });

/** The path of a route, from the path that its controller declares, such as `/members`. */
export const routePath = (path: string): string =>
  /^\/(?:health|console)(?:\/|$)/.test(path) ? path : `/${API_PREFIX}${path === '/' ? '' : path}`;
