// An application as its team would write it. test/packed/applications.spec.ts compiles and tests it with several versions of its packages.
import { Body, Controller, Injectable, Module, Post, UseGuards, UseInterceptors, ValidationPipe } from '@nestjs/common';
import type { CanActivate, DynamicModule, ExecutionContext } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Interval, ScheduleModule } from '@nestjs/schedule';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Audit, auditAction, Audited, AuditedEntity, AuditModule, diff, Public } from '@pikaia/audit';
import { context, loadSettings, newId, RunInContext } from '@pikaia/core';
import { DatabaseModule, DatabaseSettings, defaultRoles, Transactional } from '@pikaia/database';
import { Consumer, DomainEvent, Events, EventsModule, Handles, OutboxSettings, RelayModule, type EventOf } from '@pikaia/events';
import { LoggingModule } from '@pikaia/logging';
import { IsString, MinLength } from 'class-validator';
import { ClsGuard, ClsInterceptor, ClsModule, UseCls, type ClsModuleOptions } from 'nestjs-cls';
import { PinoLogger } from 'nestjs-pino';
import { Column, Entity, PrimaryColumn, Repository, type MigrationInterface, type QueryRunner } from 'typeorm';

@AuditedEntity({ type: 'order' })
@Entity('shop_order')
export class Order {
  @Public()
  @PrimaryColumn('uuid')
  id!: string;

  @Public()
  @Column('text')
  item!: string;
}

export class CreateOrders1765000000000 implements MigrationInterface {
  readonly name = 'CreateOrders1765000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table shop_order (id uuid primary key, item text not null);
      grant select, insert on shop_order to ${defaultRoles.worker}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table shop_order');
  }
}

@DomainEvent('order.placed', { version: 1, aggregate: 'order' })
export class OrderPlaced {
  @IsString()
  item!: string;
}

export const orderPlaced = auditAction('order.placed', {
  aggregate: Order,
  changes: 'required',
  event: OrderPlaced,
  description: 'A person or a program places an order.',
});

@Injectable()
export class OrderService {
  constructor(
    @InjectRepository(Order) private readonly orders: Repository<Order>,
    private readonly events: Events,
    private readonly audit: Audit,
  ) {}

  @Transactional()
  async place(item: string): Promise<Order> {
    const order = Object.assign(new Order(), { id: newId(), item });
    await this.orders.save(order);
    await this.events.publish(OrderPlaced, order, { item });
    await this.audit.record(orderPlaced, order, diff(null, order));
    if (item === 'sold out') throw new Error(item);
    return order;
  }
}

@Consumer('shipping', { from: 'beginning' })
export class Shipping {
  static readonly shipped: string[] = [];

  @Handles(OrderPlaced, { effect: 'external' })
  async ship({ data }: EventOf<OrderPlaced>): Promise<{ shipped: string }> {
    Shipping.shipped.push(data.item);
    return { shipped: data.item };
  }
}

class PlaceOrder {
  @IsString()
  @MinLength(1)
  item!: string;
}

@Controller('orders')
export class OrderController {
  constructor(
    private readonly orders: OrderService,
    private readonly logger: PinoLogger,
  ) {}

  @Post()
  @Audited(orderPlaced)
  async place(@Body(new ValidationPipe()) { item }: PlaceOrder): Promise<{ id: string; correlationId: string }> {
    this.logger.info({ item }, 'order received');
    const { id } = await this.orders.place(item);
    return { id, correlationId: context.correlationId };
  }
}

@Injectable()
class Authentication implements CanActivate {
  canActivate(execution: ExecutionContext): boolean {
    if (execution.getType() !== 'http') return true; // a message has no context before ClsGuard
    const { headers } = execution.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    if (headers['x-user']) context.bind({ actor: { type: 'user', id: headers['x-user'] } });
    return true;
  }
}

@Injectable()
class SocketAuthentication implements CanActivate {
  canActivate(execution: ExecutionContext): boolean {
    context.bind({ actor: { type: 'user', id: execution.switchToWs().getData<{ user: string }>().user } });
    return true;
  }
}

@WebSocketGateway()
export class OrderGateway {
  constructor(private readonly orders: OrderService) {}

  @SubscribeMessage('guarded')
  @UseGuards(ClsGuard, SocketAuthentication)
  async guarded(@MessageBody() { item }: { item: string }): Promise<object> {
    return this.answer(item);
  }

  @SubscribeMessage('intercepted')
  @UseInterceptors(ClsInterceptor)
  async intercepted(@MessageBody() { item, user }: { item: string; user: string }): Promise<object> {
    context.bind({ actor: { type: 'user', id: user } });
    return this.answer(item);
  }

  private async answer(item: string): Promise<object> {
    const { id } = await this.orders.place(item);
    return { event: 'placed', data: { id } };
  }
}

@Injectable()
export class Jobs {
  private restocked: Promise<Order> | undefined;

  constructor(private readonly orders: OrderService) {}

  @Interval('restock', 50)
  @RunInContext({ actor: { type: 'system', id: 'restock' } })
  async restock(): Promise<void> {
    await (this.restocked ??= this.orders.place('restocked'));
  }

  /** Like a processor of a queue: the job says who added it, and with which correlation id. */
  @RunInContext((job: { user: string; correlationId: string }) => ({
    correlationId: job.correlationId,
    actor: { type: 'user', id: job.user },
  }))
  async process(_job: { user: string; correlationId: string }): Promise<Order> {
    return this.orders.place('queued');
  }

  @UseCls()
  async command(): Promise<string> {
    context.bind({ actor: { type: 'system', id: 'command' } });
    await this.orders.place('commanded');
    await this.orders.place('commanded again');
    return context.correlationId;
  }
}

@Module({})
export class ShopModule {
  static forRoot(cls: ClsModuleOptions, environment: NodeJS.ProcessEnv = process.env): DynamicModule {
    const [database, outbox] = loadSettings([DatabaseSettings, OutboxSettings], environment);
    const { databaseUrl } = database;
    return {
      module: ShopModule,
      imports: [
        ClsModule.forRoot({ global: true, ...cls }),
        LoggingModule.forRoot({ service: 'shop' }),
        DatabaseModule.forRoot({ settings: database, applicationName: 'shop', entities: [Order] }),
        TypeOrmModule.forFeature([Order]),
        EventsModule.forRoot({ databaseUrl }),
        AuditModule.forRoot(),
        RelayModule.forRoot({ settings: outbox, databaseUrl, onFatal: () => process.exit(1) }),
        ScheduleModule.forRoot(),
      ],
      controllers: [OrderController],
      providers: [OrderService, Shipping, OrderGateway, Jobs, { provide: APP_GUARD, useClass: Authentication }],
    };
  }
}
