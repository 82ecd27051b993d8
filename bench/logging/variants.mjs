// The same route in three variants: without logging, with the usual packages as their READMEs describe, and with Pikaia.
import 'reflect-metadata';
import { Controller, Get, Logger, Module, Param, RequestMethod } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { getLogger, LoggingModule } from '@pikaia/logging';
import { ClsModule } from 'nestjs-cls';
import { LoggerModule, Logger as NestPinoLogger } from 'nestjs-pino';

/** Applies decorators by hand, so that the benchmark runs without a build. */
function controllerOf(read) {
  class OrdersController {
    read(id) {
      return read(id);
    }
  }
  Controller('orders')(OrdersController);
  Get(':id')(OrdersController.prototype, 'read', Object.getOwnPropertyDescriptor(OrdersController.prototype, 'read'));
  Param('id')(OrdersController.prototype, 'read', 0);
  return OrdersController;
}

function moduleOf(imports, read) {
  class BenchModule {}
  Module({ imports, controllers: [controllerOf(read)] })(BenchModule);
  return BenchModule;
}

const orderOf = (id) => ({ id, customer: 'Ada Lovelace', items: 3, total: 4_200, currency: 'EUR', paid: true });

/** Each variant resolves to a Nest application that does not listen yet. */
export const variants = {
  bare: () => NestFactory.create(moduleOf([], orderOf), new FastifyAdapter(), { logger: false }),

  stock: async () => {
    const logger = new Logger('OrdersController');
    // By default nestjs-pino mounts its middleware at '{/*splat}', which Nest's Fastify adapter turns into a path that
    // matches only the root. Other routes would have no access line.
    const imports = [
      LoggerModule.forRoot({ forRoutes: [{ path: '*path', method: RequestMethod.ALL }] }),
      ClsModule.forRoot({ global: true, middleware: { mount: true, generateId: true } }),
    ];
    const read = (id) => {
      logger.log({ orderId: id, customer: 42, cached: false }, 'order requested');
      const order = orderOf(id);
      logger.log({ orderId: id, items: order.items, total: order.total }, 'order read');
      return order;
    };
    const app = await NestFactory.create(moduleOf(imports, read), new FastifyAdapter(), { bufferLogs: true });
    app.useLogger(app.get(NestPinoLogger));
    return app;
  },

  ours: async () => {
    const imports = [
      LoggingModule.forRoot({ level: 'info', format: 'json', service: 'bench', env: 'production', version: '1.0.0' }),
    ];
    const logger = getLogger('orders');
    const read = (id) => {
      logger.info('order_requested', { orderId: id, customer: 42, cached: false });
      const order = orderOf(id);
      logger.info('order_read', { orderId: id, items: order.items, total: order.total });
      return order;
    };
    return NestFactory.create(moduleOf(imports, read), new FastifyAdapter());
  },
};
