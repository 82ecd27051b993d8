// An application that uses the packed libraries without a compiler. It calls decorators as functions.
import 'reflect-metadata';
import { Controller, Get, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { getLogger, LoggingModule } from '@pikaia/logging';

class OrdersController {
  find() {
    getLogger('orders').info('order_found', { order: 7 });
    new Logger('Shop').log('said by Nest');
    return { id: 7 };
  }
}
Get('orders')(OrdersController.prototype, 'find', Object.getOwnPropertyDescriptor(OrdersController.prototype, 'find'));
Controller()(OrdersController);

class AppModule {}
Module({ imports: [LoggingModule.forRoot({ service: 'shop' })], controllers: [OrdersController] })(AppModule);

const app = await NestFactory.create(AppModule, new FastifyAdapter());
await app.listen(0, '127.0.0.1');
process.send(app.getHttpServer().address());
