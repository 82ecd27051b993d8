import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { LoggingModule } from '@pikaia/logging';

class AppModule {}
function openStock() {
  throw new Error('the stock is closed');
}
const providers = [{ provide: 'stock', useFactory: openStock }];
Module({ imports: [LoggingModule.forRoot({ service: 'shop' })], providers })(AppModule);

await NestFactory.create(AppModule);
