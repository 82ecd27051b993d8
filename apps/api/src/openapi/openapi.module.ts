import { Module } from '@nestjs/common';
import { DocumentationController, OpenApiSource } from './documentation.controller.js';

/** Serves the OpenAPI document and its page. */
@Module({ controllers: [DocumentationController], providers: [OpenApiSource] })
export class OpenApiModule {}
