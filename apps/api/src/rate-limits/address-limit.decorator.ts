import type { FastifyRequest } from 'fastify';
import { addRouteConfig } from '../server/route-config.js';

/** The limit that counts the requests of an address to a route: the usual one, that of the webhooks of providers, or none. */
export type AddressLimitName = 'address' | 'webhook' | 'none';

/** Chooses the limit of a route for client addresses. Without this decorator, it is `address`. */
export const AddressLimit = (addressLimit: AddressLimitName): MethodDecorator => addRouteConfig({ addressLimit });

export const addressLimitOf = ({ routeOptions }: FastifyRequest): AddressLimitName =>
  (routeOptions.config as { readonly addressLimit?: AddressLimitName }).addressLimit ?? 'address';
