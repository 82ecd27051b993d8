// The application of shop.mjs in CommonJS on Express, with buffered logs.
require('reflect-metadata');
const { Controller, Get, Logger, Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { getLogger, LoggingModule } = require('@pikaia/logging');

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

void NestFactory.create(AppModule, { bufferLogs: true }).then(async (app) => {
  await app.listen(0, '127.0.0.1');
  process.send(app.getHttpServer().address());
});
