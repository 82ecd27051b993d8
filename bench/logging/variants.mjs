// The same route three times: without logs, with the usual pair of packages as their READMEs say, and with ours.
import 'reflect-metadata';
import { Controller, Get, Logger, Module, Param, RequestMethod } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { getLogger, LoggingModule } from '@pikaia/logging';
import { ClsModule } from 'nestjs-cls';
import { LoggerModule, Logger as NestPinoLogger } from 'nestjs-pino';

/** Decorators by hand, so that the benchmark runs as it stands, without a build. */
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

/** Each resolves to a Nest application that does not listen yet. */
export const variants = {
  bare: () => NestFactory.create(moduleOf([], orderOf), new FastifyAdapter(), { logger: false }),

  stock: async () => {
    const logger = new Logger('OrdersController');
    // By default nestjs-pino mounts its middleware at '{/*splat}', which Nest's Fastify adapter turns into a path that
    // matches nothing below the root: there would be no access line.
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
