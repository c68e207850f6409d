import { readFile } from 'node:fs/promises';

export const HUB = 'generator';

/** Process ids of a run over NATS by party: HUB, or the name of the site. Of those that run now; Linux. */
export async function partiesOf(run: number): Promise<Map<string, number>> {
  const children = await readFile(`/proc/${run}/task/${run}/children`, 'utf8').catch(() => '');
  const parties = new Map<string, number>();
  for (const pid of children.split(' ').filter(Boolean).map(Number)) {
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    const site = command[command.indexOf('--site') + 1];
    if (command.includes('discriminator') && site) parties.set(site, pid);
    else if (command.includes(HUB)) parties.set(HUB, pid);
  }
  return parties;
}

/** Memory that the process occupies now. */
export async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) / 1024;
}
