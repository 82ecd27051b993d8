import { RouteConfig } from '@nestjs/platform-fastify';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';

/** Returns the Fastify config of the route that a handler of a controller serves. */
export const routeConfigOf = (handler: object): object =>
  (Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) as object | undefined) ?? {};

/** Adds values to the Fastify config of a route. Several decorators of a route would otherwise replace the values of each other. */
export const addRouteConfig =
  (values: object): MethodDecorator =>
  (target, property, descriptor) =>
    RouteConfig({ ...routeConfigOf(descriptor.value as object), ...values })(target, property, descriptor);
