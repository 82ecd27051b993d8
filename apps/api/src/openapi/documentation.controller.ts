import { Controller, Get, Header, Injectable } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
// @ts-expect-error the package has no types
import folderOf from 'swagger-ui-dist/absolute-path.js';
import { AllowedTo } from '../authentication/access.js';
import { once } from '../server/once.js';

/** Returns the text of the OpenAPI document. `startApi` sets it, because it is made from the whole application. */
@Injectable()
export class OpenApiSource {
  document = (): string => {
    throw new Error('No OpenAPI document is set.');
  };
}

/** Reads a file of Swagger UI at the first call. */
const asset = (name: string): (() => Promise<Buffer>) => once(() => readFile(join((folderOf as () => string)(), name)));
const readStyle = asset('swagger-ui.css');
const readBundle = asset('swagger-ui-bundle.js');

const ONE_DAY = 'public, max-age=86400';

/** Everything that the page loads comes from this server, and nothing is inline. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Pikaia example API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="docs/swagger-ui.css">
  </head>
  <body>
    <div id="page"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`;

const START = "SwaggerUIBundle({ url: 'openapi.json', dom_id: '#page', deepLinking: true, validatorUrl: null });\n";

/** The OpenAPI document, and a page that shows it with Swagger UI. The page works without access to other servers. */
@ApiExcludeController()
@Controller()
@AllowedTo('public')
export class DocumentationController {
  constructor(private readonly source: OpenApiSource) {}

  @Get('openapi.json')
  @Header('content-type', 'application/json; charset=utf-8')
  document(): string {
    return this.source.document();
  }

  @Get('docs')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', PAGE_POLICY)
  page(): string {
    return PAGE;
  }

  @Get('docs/swagger-ui.css')
  @Header('content-type', 'text/css; charset=utf-8')
  @Header('cache-control', ONE_DAY)
  style(): Promise<Buffer> {
    return readStyle();
  }

  @Get('docs/swagger-ui-bundle.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  @Header('cache-control', ONE_DAY)
  bundle(): Promise<Buffer> {
    return readBundle();
  }

  @Get('docs/start.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  start(): string {
    return START;
  }
}
