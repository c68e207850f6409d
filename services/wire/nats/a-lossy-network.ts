import { setImmediate } from 'node:timers/promises';
import { HUB, type Letter, type Receiver } from '../link.ts';
import { Answers } from './answers.ts';
import { Asks } from './asks.ts';
import type { Packet } from './packet.ts';
import { answerSubject, type LineName, type Route, routeToSite } from './subjects.ts';
import { DEFAULT_TIMING, type LinkTiming } from './timing.ts';

/*
 * For tests of asks and answers: a hub that asks and a site that answers, and between them a network that keeps the order and does to each
 * packet what the test says.
 */

/** What happens to a packet: it arrives, is lost, arrives twice, or the line is down at that moment. */
export type Fate = 'arrives' | 'lost' | 'twice' | 'down';

export interface Sent {
  readonly from: 'hub' | 'site';
  readonly packet: Packet;
}

const SITE = 'hospital-a';

export function aLossyNetwork(receiver: Receiver, fate: (sent: Sent) => Fate = () => 'arrives', timing: Partial<LinkTiming> = {}) {
  const log: Sent[] = [];
  let now = 0;
  const answers = new Answers((_line, _subject, packet) => carry({ from: 'site', packet }));
  const asks = new Asks(
    'hub',
    (line, subject, packet) => carry({ from: 'hub', packet }, line, subject),
    { ...DEFAULT_TIMING, ...timing },
    () => now,
  );
  answers.receive(receiver);

  async function carry(sent: Sent, line: LineName = 'data', subject = ''): Promise<boolean> {
    const happens = fate(sent);
    if (happens === 'down') return false;
    log.push(sent);
    await setImmediate();
    for (let copies = { arrives: 1, lost: 0, twice: 2 }[happens]; copies > 0; copies--) deliver(sent, line, subject);
    return true;
  }

  function deliver({ from, packet }: Sent, line: LineName, subject: string): void {
    if (from === 'site') asks.heard(SITE, lineOf(packet), packet);
    else answers.heard(HUB, line, subject, packet);
  }

  const route = (iteration: number): Route => routeToSite('nuclei', { peer: SITE, type: 'work', iteration }, 0);
  return {
    asks,
    answers,
    log,
    kinds: () => log.map(({ from, packet }) => `${from} ${packet.kind}`),
    ask: (text: string, signal = new AbortController().signal) => asks.ask(SITE, route(0), letter(text), signal).then(textOf),
    absent: () => asks.absent(answerSubject(route(0).subject)),
    pass: (ms: number) => {
      now += ms;
    },
  };
}

export function letter(text: string): Letter {
  return { bytes: new TextEncoder().encode(text), trace: {} };
}

export function textOf({ bytes }: Letter): string {
  return new TextDecoder().decode(bytes);
}

function lineOf({ id }: Packet): LineName {
  return id.includes('ctl') ? 'ctl' : 'data';
}
