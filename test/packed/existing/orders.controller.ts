import { Body, Controller, Param, Post } from '@nestjs/common';
import type { ShopOrder } from './order.entity';
import { OrdersService } from './orders.service';

@Controller('orders')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Post()
  create(@Body('email') email: string): Promise<ShopOrder> {
    return this.orders.create(email);
  }

  @Post(':id/ship')
  ship(@Param('id') id: string): Promise<ShopOrder> {
    return this.orders.ship(id);
  }
}
