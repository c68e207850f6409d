import { nativeFor, openFederation, openSiteData } from '#cli';
import { loadExperiment } from '#experiment';
import { GeneratorTrainer } from '#generator';
import { DiscriminatorTrainer } from '#discriminator';
import { Session } from '#nn';
import { mkdtempSync } from 'node:fs';
const T: Record<string, number[]> = {};
const wrap = (proto: any, name: string, label: (...a: any[]) => string) => { const f = proto[name]; proto[name] = function (...a: any[]) { const t = performance.now(); const r = f.apply(this, a); (T[label(...a)] ??= []).push(performance.now() - t); return r; }; };
wrap(Session.prototype, 'run', (n) => `session ${n}`);
wrap(GeneratorTrainer.prototype, 'forward', () => 'G.forward'); wrap(GeneratorTrainer.prototype, 'backward', () => 'G.backward'); wrap(DiscriminatorTrainer.prototype, 'step', () => 'D.step');
const file = '/work/main/k8s/samples/nuclei.yaml'; const experiment = await loadExperiment(file);
for (const kv of process.argv.slice(3)) { const [k, v] = kv.split('='); let o: any = experiment.spec; const ks = k!.split('.'); for (const x of ks.slice(0, -1)) o = o[x]; o[ks.at(-1)!] = isNaN(Number(v)) ? v : Number(v); }
const data = await openSiteData(experiment, file);
const { native } = nativeFor(experiment, Number(process.argv[2] ?? 2));
const f = await openFederation(experiment, data, { native, directory: mkdtempSync('/tmp/prof-'), resume: false, perceptualWeights: null, onDamaged: () => {} });
const never = new AbortController().signal; const all: number[] = [];
for (let t = 0; t < 40; t++) { if (t === 10) for (const k in T) T[k] = []; const e = await f.hub.iterate(t, false, never); if (t >= 10) all.push(e.seconds * 1000); }
const med = (x: number[]) => [...x].sort((a, b) => a - b)[x.length >> 1]!.toFixed(1); console.log('iterate', med(all)); for (const k in T) console.log(k, 'median', med(T[k]!), 'sum/it', (T[k]!.reduce((a, b) => a + b, 0) / 30).toFixed(1));
const c = process.cpuUsage(); console.log('cpu s', (c.user + c.system) / 1e6);
