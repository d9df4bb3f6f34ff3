import type { Situation } from './advice.ts'
import { adviceOf } from './advice.ts'

/** A result whose mean is less sure than this is marked. */
const SCATTER = 0.05

const COLUMNS = [
  'policy',
  'first token written / painted, ms',
  'token painted, p50 / p99, ms',
  'gap p99, ms',
  'stutter',
  'tokens a chunk',
  'overhead, B a token',
  'packets a token',
  'held by server / client, B',
  'server CPU',
  '',
]

/** The situations as Markdown. */
export function tableOf(situations: readonly Situation[]): string {
  const lines = situations.flatMap(({ source, client, network, policies, choice }) => [
    `### ${source}, ${client}, ${network}`,
    '',
    `| ${COLUMNS.join(' | ')} |`,
    `|${'---|'.repeat(COLUMNS.length)}`,
    ...policies.map(({ cell: { policy, figures, scatter }, overhead, serverCpu, isOnFront }, index) => {
      const marks = [
        ...(policies[index] === choice ? ['**chosen**'] : []),
        ...(isOnFront ? ['front'] : []),
        ...(scatter > SCATTER && scatter < Infinity ? [`± ${Math.round(100 * scatter)} %: more streams needed`] : []),
      ]
      const cells = [
        policy,
        `${show(figures.firstWrittenMs)} / ${show(figures.firstPaintedMs)}`,
        `${show(figures.paintedP50Ms)} / ${show(figures.paintedP99Ms)}`,
        show(figures.gapP99Ms),
        `${show(100 * figures.stutter)} %`,
        show(figures.tokensPerChunk),
        `${show(figures.overheadBytes)} (× ${overhead.toFixed(2)})`,
        figures.packetsPerToken.toFixed(2),
        `${show(figures.heldByServer)} / ${show(figures.heldByClient)}`,
        `× ${serverCpu.toFixed(2)}`,
        marks.join(', '),
      ]
      return `| ${cells.join(' | ')} |`
    }),
    '',
  ])
  return [...lines, '### Which policy where', '', ...adviceOf(situations).map((line) => `- ${line}`), ''].join('\n')
}

export function show(value: number): string {
  return value.toFixed(Math.abs(value) >= 100 ? 0 : 1)
}
