import type { FastifyRequest } from 'fastify';
import { addRouteConfig, routeConfigOf } from '../server/route-config.js';

/** The limit that counts the requests of an address to a route: the usual one, that of the webhooks of providers, or none. */
export type AddressLimitName = 'address' | 'webhook' | 'none';

/** Chooses the limit of a route for client addresses. Without this decorator, it is `address`. */
export const AddressLimit = (addressLimit: AddressLimitName): MethodDecorator => addRouteConfig({ addressLimit });

/** The limit of a handler of a controller. */
export const addressLimitOfRoute = (handler: object): AddressLimitName =>
  (routeConfigOf(handler) as { readonly addressLimit?: AddressLimitName }).addressLimit ?? 'address';

/** The limit of the route of a request. */
export const addressLimitOf = ({ routeOptions }: FastifyRequest): AddressLimitName =>
  (routeOptions.config as { readonly addressLimit?: AddressLimitName }).addressLimit ?? 'address';
