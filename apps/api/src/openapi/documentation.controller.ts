import { Controller, Get, Header, Injectable } from '@nestjs/common';
import { ApiExcludeController, type OpenAPIObject } from '@nestjs/swagger';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
// @ts-expect-error the package has no types
import folderOf from 'swagger-ui-dist/absolute-path.js';
import { AllowedTo } from '../authentication/access.js';

/** Returns the OpenAPI document. `startApi` sets it, because it is made from the whole application. */
@Injectable()
export class OpenApiSource {
  document: () => OpenAPIObject = () => {
    throw new Error('No OpenAPI document is set.');
  };
}

const readAsset = (name: string): Promise<string> => readFile(join((folderOf as () => string)(), name), 'utf8');

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
  document(): OpenAPIObject {
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
  style(): Promise<string> {
    return readAsset('swagger-ui.css');
  }

  @Get('docs/swagger-ui-bundle.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  @Header('cache-control', ONE_DAY)
  bundle(): Promise<string> {
    return readAsset('swagger-ui-bundle.js');
  }

  @Get('docs/start.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  start(): string {
    return START;
  }
}
