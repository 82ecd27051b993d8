import { randomBytes } from 'node:crypto';

const SECRET_BYTES = 32; // Standard Webhooks requires 24 to 64

/** Returns a new signing secret as Standard Webhooks defines it, which its libraries accept. */
export const newEndpointSecret = (): string => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
