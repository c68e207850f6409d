import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** A network in between that can be slow, cut, or silent: TCP on loopback. */
export interface TcpProxy {
  readonly port: number;
  /** bytes that it has carried, both directions */
  carried(): number;
  /** Both directions; null for no limit. Of connections made from now on, too */
  limit(bytesPerSecond: number | null): void;
  /** Ends all connections and refuses new ones until `heal`. */
  cut(): void;
  /** Carries nothing, ends nothing: a stopped process or a firewall that drops packets. */
  stall(): void;
  heal(): void;
}

const SLICE = 8192;

/** A proxy to a port of this machine; it ends with the test. */
export async function aProxy(t: Pick<TestContext, 'after'>, target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const state = { rate: null as number | null, refuses: false, stalled: false, carried: 0 };
  const server = createServer((client) => {
    const upstream = connect({ port: target, host: '127.0.0.1' });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from.setNoDelay(true));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      void pump(from, to, state);
    }
    if (state.refuses) client.destroy();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const end = () => {
    for (const socket of sockets) socket.destroy();
  };
  t.after(() => {
    server.close();
    end();
  });
  return {
    port: (server.address() as { port: number }).port,
    carried: () => state.carried,
    limit: (bytesPerSecond) => {
      state.rate = bytesPerSecond;
    },
    cut: () => {
      state.refuses = true;
      end();
    },
    stall: () => {
      state.stalled = true;
    },
    heal: () => {
      state.refuses = false;
      state.stalled = false;
    },
  };
}

/** Reads only what it may pass on, so that what is held back waits at the sender. */
async function pump(from: Socket, to: Socket, state: { rate: number | null; stalled: boolean; carried: number }): Promise<void> {
  let due = performance.now();
  from.pause();
  while (!from.destroyed) {
    const piece = state.stalled ? null : (from.read(Math.min(SLICE, from.readableLength) || undefined) as Buffer | null);
    if (piece === null) {
      await wait(2);
      continue;
    }
    state.carried += piece.length;
    if (!to.write(piece)) await new Promise((resolve) => to.once('drain', resolve).once('close', resolve));
    if (state.rate === null) continue;
    due = Math.max(due, performance.now() - 20) + (1000 * piece.length) / state.rate;
    if (due > performance.now()) await wait(due - performance.now());
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
