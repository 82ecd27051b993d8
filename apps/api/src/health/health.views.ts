import { Fields, OneOf } from '../openapi/schemas.js';

const status = OneOf('`ok`, because other states respond 503.', ['ok']);

export const LiveView = Fields({ status });
export const ReadyView = Fields({ status, checks: Fields({ database: OneOf('`ok`: the database responds.', ['ok']) }) });
