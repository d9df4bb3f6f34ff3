// Draws docs/picture.svg: the folders of packages/core/src, and what passes between them. `--print` writes it to the terminal
// instead. A test compares the file with what this makes, and its words with the folders.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './workspace.mjs'

const WIDTH = 1060
const HEIGHT = 470

/** One box a folder: its name, where it is, and what it does. */
const PARTS = [
  { name: 'sluice', at: [170, 16, 720, 54], says: 'the door: start, attach, cancel, erase, drain' },
  { name: 'producer', at: [170, 120, 150, 130], says: 'deadlines, grace' },
  { name: 'source', at: [182, 182, 126, 56], says: 'the pump pulls it' },
  { name: 'log', at: [370, 150, 110, 100], says: 'events in order' },
  { name: 'reader', at: [530, 150, 100, 100], says: 'a cursor' },
  { name: 'chunking', at: [660, 150, 100, 100], says: 'how many leave' },
  { name: 'wire', at: [790, 150, 100, 100], says: 'encoder, sink' },
  { name: 'store', at: [370, 312, 110, 56], says: 'keeps logs' },
  { name: 'access', at: [170, 312, 150, 56], says: 'who may, how many' },
  { name: 'observe', at: [530, 312, 360, 56], says: 'is told, and decides nothing' },
  { name: 'events', at: [170, 396, 350, 56], says: 'events, cursors, errors' },
  { name: 'clock', at: [540, 396, 350, 56], says: 'the scheduler: turns, deadlines' },
]

/** What is not in core. */
const OUTSIDE = [
  { name: 'model runner', at: [8, 182, 116, 56] },
  { name: 'client', at: [934, 172, 110, 56] },
]

/** Tokens go right, along the middle. */
const DATA = [
  { from: [124, 210], to: [182, 210], label: '' },
  { from: [308, 210], to: [370, 210], label: '' },
  { from: [480, 200], to: [530, 200], label: '' },
  { from: [630, 200], to: [660, 200], label: '' },
  { from: [760, 200], to: [790, 200], label: '' },
  { from: [890, 200], to: [934, 200], label: 'bytes' },
  { from: [412, 250], to: [412, 312], label: '' },
  { from: [438, 312], to: [438, 250], label: '' },
]

/** What holds the source back goes left, and what stops it down. */
const CONTROL = [
  { path: 'M840 150 V108 H345 V196 H310', label: 'backpressure: the sink waits, the window is full', at: [592, 100] },
  { path: 'M245 70 V118', label: 'cancel', at: [270, 92] },
]

function box({ name, at: [x, y, width, height], says }, kind) {
  const middle = x + width / 2
  const top = name === 'producer' ? y + 20 : y + height / 2 + (says ? -4 : 5)
  const lines = [
    `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>`,
    `<text class="${kind}" x="${middle}" y="${top}">${name}</text>`,
  ]
  if (says) lines.push(`<text class="says" x="${middle}" y="${top + 17}">${says}</text>`)
  return lines.join('\n')
}

function arrow({ from: [x1, y1], to: [x2, y2], label }) {
  const line = `<path class="data" d="M${x1} ${y1} L${x2} ${y2}"/>`
  return label ? `${line}\n<text class="says" x="${(x1 + x2) / 2}" y="${y1 - 8}">${label}</text>` : line
}

function control({ path, label, at: [x, y] }) {
  return `<path class="control" d="${path}"/>\n<text class="control" x="${x}" y="${y}">${label}</text>`
}

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title about">
<title id="title">The parts of sluice</title>
<desc id="about">Tokens go from the model runner through source, log, reader, chunking and wire to the client. The store keeps the log. Backpressure goes from the wire back to the source; a cancel goes from the door to the producer, which aborts the source.</desc>
<style>
rect { fill: #fff; stroke: #345; stroke-width: 1.5 }
rect.outside { stroke-dasharray: 5 4; stroke: #789 }
text { font: 15px system-ui, sans-serif; fill: #123; text-anchor: middle }
text.part { font-weight: 600 }
text.says { font-size: 11px; fill: #456 }
text.control { font-size: 11px; fill: #a33 }
path { fill: none; stroke-width: 1.5 }
path.data { stroke: #345; marker-end: url(#data) }
path.control { stroke: #a33; stroke-dasharray: 5 4; marker-end: url(#control) }
</style>
<defs>
<marker id="data" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" style="fill:#345"/></marker>
<marker id="control" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" style="fill:#a33"/></marker>
</defs>
<rect x="0" y="0" width="${WIDTH}" height="${HEIGHT}" style="fill:#f7f9fb;stroke:none"/>
${[
  ...PARTS.map((part) => box(part, 'part')),
  ...OUTSIDE.map((part) => box(part, 'outside')),
  ...DATA.map(arrow),
  ...CONTROL.map(control),
].join('\n')}
</svg>
`

if (process.argv.includes('--print')) process.stdout.write(svg)
else writeFileSync(join(ROOT, 'docs/picture.svg'), svg)
