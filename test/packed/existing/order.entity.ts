import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity()
export class ShopOrder {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column('text')
  customerEmail!: string;

  @Column('text', { default: 'open' })
  orderStatus!: string;
}
