import { readFileSync, writeFileSync } from 'node:fs';
import { decode } from 'fast-png';
import { toClasses } from '#datasets';
import { exampleReport } from './report/example.ts'; import { renderReport } from './report/report.ts'; import { encodeGrid } from './images/grid.ts';
const ex = exampleReport();
const d = '/work/main/test/data/nuclei/';
const rows = ex.sites.map(label => ({ label, cells: [0,5,9,14].map(k => { const n = String(k).padStart(3,'0')+'.png'; const im = decode(readFileSync(d+label+'/train/images/'+n)); const l = Int32Array.from(decode(readFileSync(d+label+'/train/labels/'+n)).data); return { mask: toClasses(l, 128), image: im.data as Uint8Array }; }) }));
const yaml = `apiVersion: asyndgan.io/v1alpha1
kind: AsynDGANExperiment
metadata: {name: nuclei}
spec:
  model:
    image: {size: 128, channels: 3}
    generator: {architecture: ResNet, filters: 16, blocks: 4, siteStyle: true, noiseChannels: 1}
  training: {iterations: 400, batchSize: 2, cropSize: 64, seed: 1}
`;
const crop = rows.map(r => ({...r, cells: r.cells.slice(0,3)}));
const full = { ...ex, experimentYaml: yaml, image: { size: 128, channels: 3 }, samples: rows, sampleTimeline: [0,50,100,150,200,250,300,350,400].map(i => ({ iteration: i, png: encodeGrid(crop, 128, 3) })) };
writeFileSync('/tmp/preview/full.html', renderReport(full));
writeFileSync('/tmp/preview/bare.html', renderReport({ ...full, samples: rows.slice(0,1), sites: full.sites.slice(0,1), losses: full.losses.slice(0,30), sampleTimeline: [], summary: { ...ex.summary, segmentation: { asyndgan: null } } }));
