import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import ipaddr from 'ipaddr.js';

const TYPE_A = 1;
const TYPE_AAAA = 28;
const NAME_ERROR = 3;

/** The addresses of a name at its next question; `silent` to send no answer; undefined for a name that does not exist. */
export type NameAnswer = readonly string[] | 'silent' | undefined;

/** A name server on UDP. It answers questions for A and AAAA records with a TTL of 0. */
export class NameServer {
  private readonly socket: Socket = createSocket('udp4');
  /** The names that were asked for, one for each question. */
  readonly asked: string[] = [];

  private constructor(private readonly answer: (name: string) => NameAnswer) {}

  static async start(answer: (name: string) => NameAnswer): Promise<NameServer> {
    const server = new NameServer(answer);
    server.socket.on('message', (question, { port }) => server.respond(question, port));
    server.socket.bind(0, '127.0.0.1');
    await once(server.socket, 'listening');
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  async stop(): Promise<void> {
    this.socket.close();
    await once(this.socket, 'close');
  }

  private respond(message: Buffer, port: number): void {
    const labels: string[] = [];
    let at = 12;
    for (; message[at]; at += message[at]! + 1) labels.push(message.toString('ascii', at + 1, at + 1 + message[at]!));
    const type = message.readUInt16BE(at + 1);
    const name = labels.join('.').toLowerCase();
    this.asked.push(name);
    const answer = this.answer(name);
    if (answer === 'silent') return;
    const records = (answer ?? [])
      .map((address) => Buffer.from(ipaddr.parse(address).toByteArray()))
      .filter(({ length }) => length === (type === TYPE_A ? 4 : type === TYPE_AAAA ? 16 : 0));
    const header = Buffer.from(message.subarray(0, 12));
    header.writeUInt16BE(0x8180 | (answer ? 0 : NAME_ERROR), 2); // a response, with recursion
    header.writeUInt16BE(records.length, 6);
    header.fill(0, 8); // neither authorities nor additional records
    this.socket.send(Buffer.concat([header, message.subarray(12, at + 5), ...records.map((data) => recordOf(type, data))]), port);
  }
}

function recordOf(type: number, data: Buffer): Buffer {
  const record = Buffer.alloc(12);
  record.writeUInt16BE(0xc00c, 0); // the name of the question
  record.writeUInt16BE(type, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt16BE(data.length, 10);
  return Buffer.concat([record, data]);
}
