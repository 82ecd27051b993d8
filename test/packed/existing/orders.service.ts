import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { ShopOrder } from './order.entity';

@Injectable()
export class OrdersService {
  constructor(@InjectRepository(ShopOrder) private readonly orders: Repository<ShopOrder>) {}

  create(customerEmail: string): Promise<ShopOrder> {
    return this.orders.save(this.orders.create({ customerEmail }));
  }

  async ship(id: string): Promise<ShopOrder> {
    const order = await this.orders.findOneByOrFail({ id });
    order.orderStatus = 'shipped';
    return this.orders.save(order);
  }
}
