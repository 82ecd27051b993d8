import { RouteConfig } from '@nestjs/platform-fastify';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';

/** Adds values to the Fastify config of a route. Several decorators of a route would otherwise replace the values of each other. */
export const addRouteConfig =
  (values: object): MethodDecorator =>
  (target, property, descriptor) => {
    const known = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, descriptor.value as object) as object | undefined;
    RouteConfig({ ...known, ...values })(target, property, descriptor);
  };
