import { Injectable, type DynamicModule } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { InjectRepository, TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import { Audit, auditAction, AuditedEntity, diff, Public } from '@pikaia/audit';
import { newId } from '@pikaia/core';
import { Transactional } from '@pikaia/database';
import { DomainEvent, Events } from '@pikaia/events';
import { IsString } from 'class-validator';
import {
  Column,
  DefaultNamingStrategy,
  Entity,
  EventSubscriber,
  PrimaryColumn,
  UpdateDateColumn,
  type EntitySubscriberInterface,
  type InsertEvent,
  type Repository,
} from 'typeorm';
import { snakeCase } from 'typeorm/util/StringUtils.js';

/** The tables of the shop, as its own migrations create them. */
export const SHOP_TABLES = `
  create table shop_order (id uuid primary key, customer_name text not null, changed_at timestamptz not null default clock_timestamp())`;

class SnakeNamingStrategy extends DefaultNamingStrategy {
  override columnName(propertyName: string, customName: string | undefined, prefixes: string[]): string {
    return snakeCase([...prefixes, customName ?? propertyName].join('_'));
  }
}

@AuditedEntity({ type: 'shop_order' })
@Entity('shop_order')
export class ShopOrder {
  @Public()
  @PrimaryColumn('uuid')
  id: string = newId();

  @Public()
  @Column('text')
  customerName!: string;

  @Public()
  @UpdateDateColumn({ type: 'timestamptz' })
  changedAt!: Date;
}

@EventSubscriber()
export class ShopSubscriber implements EntitySubscriberInterface<ShopOrder> {
  static readonly inserted: string[] = [];

  listenTo(): typeof ShopOrder {
    return ShopOrder;
  }

  afterInsert({ entity }: InsertEvent<ShopOrder>): void {
    ShopSubscriber.inserted.push(entity.customerName);
  }
}

@DomainEvent('shop_order.placed', { version: 1, aggregate: 'shop_order' })
class ShopOrderPlaced {
  @IsString()
  customer_name!: string;
}

const shopOrderPlaced = auditAction('shop_order.placed', {
  aggregate: ShopOrder,
  changes: 'required',
  event: ShopOrderPlaced,
  description: 'A customer places an order.',
});

/** The service of the shop. It uses the repository that `TypeOrmModule.forFeature` provides, as before Pikaia. */
@Injectable()
export class Shop {
  orders!: Repository<ShopOrder>;

  constructor(
    private readonly events: Events,
    private readonly audit: Audit,
  ) {}

  @Transactional()
  async place(customerName: string, fail = false): Promise<ShopOrder> {
    const order = await this.orders.save(Object.assign(new ShopOrder(), { customerName }));
    await this.events.publish(ShopOrderPlaced, order, { customer_name: customerName });
    await this.audit.record(shopOrderPlaced, order, diff(null, order));
    if (fail) throw new Error('the payment is refused');
    return order;
  }
}

/** Provides the service with the repository of the data source `name`. */
export function shopModule(name?: string): DynamicModule {
  @Injectable()
  class NamedShop extends Shop {
    constructor(@InjectRepository(ShopOrder, name) orders: Repository<ShopOrder>, events: Events, audit: Audit) {
      super(events, audit);
      this.orders = orders;
    }
  }
  return {
    module: class ShopModule {},
    imports: [TypeOrmModule.forFeature([ShopOrder], name)],
    providers: [{ provide: Shop, useClass: NamedShop }],
    exports: [Shop],
  };
}

/** The data source of the shop: its settings come from ConfigModule, and its columns are in snake case. */
export function shopDataSource(url: string, options: Partial<TypeOrmModuleOptions> = {}): DynamicModule {
  const { hostname, port, username, password, pathname } = new URL(url);
  const database = { host: hostname, port: Number(port), username, password, database: pathname.slice(1) };
  return TypeOrmModule.forRootAsync({
    ...(options.name !== undefined && { name: options.name }),
    imports: [ConfigModule.forRoot({ ignoreEnvFile: true, load: [() => ({ database })] })],
    inject: [ConfigService],
    useFactory: (config: ConfigService): TypeOrmModuleOptions =>
      ({
        type: 'postgres',
        ...config.getOrThrow<object>('database'),
        namingStrategy: new SnakeNamingStrategy(),
        autoLoadEntities: true,
        subscribers: [ShopSubscriber],
        applicationName: 'shop',
        poolSize: 1,
        retryAttempts: 0,
        ...options,
      }) as TypeOrmModuleOptions,
  });
}
