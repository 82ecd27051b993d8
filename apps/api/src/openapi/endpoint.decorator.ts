import { SetMetadata } from '@nestjs/common';
import type { TSchema } from 'typebox';
import type { ProblemType } from '../errors/problem.types.js';
import type { Returned } from './schemas.js';

/** The schema of the body for each status of a successful response. Null: the response has no body. */
export type Responses = Readonly<Record<number, TSchema | null>>;

/** A header, with its description. */
export interface HeaderDescription {
  readonly name: string;
  readonly description: string;
  readonly example: string;
}

export interface EndpointDescription<Schemas extends Responses = Responses> {
  /** A few words in the imperative, such as `Invite a person`. */
  readonly summary: string;
  /** Markdown, for what the summary does not say. */
  readonly description?: string;
  /** The description of each parameter of the path. */
  readonly path?: Readonly<Record<string, string>>;
  /** The schema of the body of a handler that reads it without a class, such as a webhook. */
  readonly body?: TSchema;
  /** True for a POST that only reads, for example because its body has personal data. It takes no `Idempotency-Key`. */
  readonly reads?: boolean;
  /** An example of the request body. It is required if the handler has a body. */
  readonly example?: object;
  readonly responses: Schemas;
  /** The types of problems that the handler throws. The document adds those that can occur on every route of its kind. */
  readonly problems?: readonly ProblemType[];
  readonly requestHeaders?: readonly HeaderDescription[];
  /** Headers of successful responses. */
  readonly responseHeaders?: readonly HeaderDescription[];
}

export const ENDPOINT = 'pikaia.endpoint';

type Body<Schema> = Schema extends TSchema ? Returned<Schema> : void;

/** Any class method that returns one of the bodies. */
type Handler<Schemas extends Responses> = (
  ...args: never[]
) => Body<Schemas[keyof Schemas]> | Promise<Body<Schemas[keyof Schemas]>>;

/**
 * Describes an endpoint for the OpenAPI document. The parameters, the schema of the request and the roles are read from the other
 * decorators of the handler. A handler does not compile if it returns a value without the fields of its schemas.
 */
export const Endpoint =
  <const Schemas extends Responses>(description: EndpointDescription<Schemas>) =>
  <Method extends Handler<Schemas>>(target: object, name: string, descriptor: TypedPropertyDescriptor<Method>): void => {
    SetMetadata(ENDPOINT, description)(target, name, descriptor as TypedPropertyDescriptor<unknown>);
  };
