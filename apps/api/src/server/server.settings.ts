import { isProduction, OptionalField, Setting, splitList, TextRule } from '@pikaia/core';
import { IsInt, Max, Min } from 'class-validator';

const YEAR_S = 365 * 24 * 60 * 60;
const MAX_WINDOW_S = 24 * 60 * 60;
const MAX_REQUESTS = 1_000_000_000;

/** The rules of the HTTP server for all routes: browsers of other origins, security headers and rate limits. */
export class ServerSettings {
  @Setting('CORS_ORIGINS', {
    about:
      'origins whose pages may call the API, such as https://app.example.com, comma-separated; * for all, not in production; if absent, none',
  })
  @OptionalField()
  @TextRule('isOriginList', (value) => originListProblem(value as string))
  corsOrigins?: string;

  @Setting('HSTS_MAX_AGE_SECONDS', {
    about:
      'seconds for which browsers must use TLS, in Strict-Transport-Security; 0 for no header; default one year in production, otherwise 0',
  })
  @OptionalField()
  @IsInt()
  @Min(0)
  @Max(2 * YEAR_S)
  hstsMaxAgeSeconds?: number;

  @Setting('RATE_LIMIT_WINDOW_SECONDS', { about: 'seconds for which the rate limits count requests', default: '60' })
  @IsInt()
  @Min(1)
  @Max(MAX_WINDOW_S)
  rateLimitWindowSeconds!: number;

  @Setting('RATE_LIMIT_ADDRESS', {
    about: 'requests of one client address (IPv6: /64 network) in the window, in each api process; 0 for no limit',
    default: '6000',
  })
  @IsInt()
  @Min(0)
  @Max(MAX_REQUESTS)
  rateLimitAddress!: number;

  @Setting('RATE_LIMIT_WEBHOOK', {
    about: 'requests of one client address to the webhooks of providers in the window, in each api process; 0 for no limit',
    default: '6000',
  })
  @IsInt()
  @Min(0)
  @Max(MAX_REQUESTS)
  rateLimitWebhook!: number;

  @Setting('RATE_LIMIT_SESSION', {
    about: 'requests of one member or operator in the window, in each api process; 0 for no limit',
    default: '1200',
  })
  @IsInt()
  @Min(0)
  @Max(MAX_REQUESTS)
  rateLimitSession!: number;

  @Setting('RATE_LIMIT_ORGANIZATION', {
    about: 'requests of one organization in the window, in all api processes together; 0 for no limit',
    default: '12000',
  })
  @IsInt()
  @Min(0)
  @Max(MAX_REQUESTS)
  rateLimitOrganization!: number;

  /** The origins of CORS_ORIGINS. Empty if the setting is absent. */
  get allowedOrigins(): readonly string[] {
    return this.corsOrigins === undefined ? [] : splitList(this.corsOrigins);
  }

  get hstsSeconds(): number {
    return this.hstsMaxAgeSeconds ?? (isProduction() ? YEAR_S : 0);
  }
}

function originListProblem(list: string): string | undefined {
  const origins = splitList(list);
  if (origins.includes('*')) {
    if (isProduction()) return 'must name each origin in production, because * lets every website call the API';
    return origins.length === 1 ? undefined : 'must be * alone, or a list of origins';
  }
  const invalid = origins.find((origin) => !isOrigin(origin));
  return invalid === undefined
    ? undefined
    : `must be origins such as https://app.example.com, in lower case, without a path and without a default port; ${JSON.stringify(invalid)} is not one`;
}

/** True for an origin as a browser sends it in the header `Origin`. */
const isOrigin = (text: string): boolean => /^https?:[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
