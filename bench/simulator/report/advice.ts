import type { Cell } from '../matrix/matrix.ts'

/** A first token is seen wherever it is late by more than a frame. */
const FIRST_MS = 17
/** A gap is longer where it is by more than a tenth, and long enough to be seen. */
const [GAP_FACTOR, GAP_MS] = [1.1, 100]

/** One policy beside the first one, `immediate`, in the same situation. */
export interface Beside {
  readonly cell: Cell
  /** Milliseconds by which the median token, and the first one, are painted later. */
  readonly addedMs: number
  readonly addedFirstMs: number
  /** Bytes that travel beyond the text, and packets, as parts of those of `immediate`. */
  readonly overhead: number
  readonly packets: number
  readonly serverCpu: number
  /** Whether no other policy is better in both delay and overhead. */
  readonly isOnFront: boolean
}

/** One situation: source, client and network; its policies, and the one to choose. */
export interface Situation {
  readonly source: string
  readonly client: string
  readonly network: string
  readonly policies: readonly Beside[]
  readonly choice: Beside
}

/** Cells by situation, each beside the first policy's. */
export function situationsOf(cells: readonly Cell[]): Situation[] {
  const groups = Map.groupBy(cells, ({ source, client, network }) => JSON.stringify([source, client, network]))
  return [...groups.values()].map((group) => {
    const { source, client, network } = group[0]!
    const policies = besideFirst(group)
    return { source, client, network, policies, choice: chosen(policies) }
  })
}

function besideFirst(group: readonly Cell[]): Beside[] {
  const first = group[0]!.figures
  const compared = group.map((cell) => ({
    cell,
    addedMs: cell.figures.paintedP50Ms - first.paintedP50Ms,
    addedFirstMs: cell.figures.firstPaintedMs - first.firstPaintedMs,
    overhead: cell.figures.overheadBytes / first.overheadBytes,
    packets: cell.figures.packetsPerToken / first.packetsPerToken,
    serverCpu: cell.figures.serverUsPerToken / first.serverUsPerToken,
  }))
  return compared.map((one) => ({
    ...one,
    isOnFront: !compared.some(
      (other) =>
        other.addedMs <= one.addedMs &&
        other.overhead <= one.overhead &&
        (other.addedMs < one.addedMs || other.overhead < one.overhead),
    ),
  }))
}

/** The cheapest one of those whose delay nobody sees: in the median, at the first token, and as a pause. */
function chosen(policies: readonly Beside[]): Beside {
  const { gapP99Ms, stutter } = policies[0]!.cell.figures
  const unseen = policies.filter(
    ({ addedMs, addedFirstMs, cell: { figures, unseenMs } }) =>
      addedMs <= unseenMs &&
      addedFirstMs <= FIRST_MS &&
      figures.gapP99Ms <= Math.max(GAP_FACTOR * gapP99Ms, GAP_MS) &&
      figures.stutter <= stutter + 0.01,
  )
  return (unseen.length > 0 ? unseen : policies).reduce((best, one) => (one.overhead < best.overhead ? one : best))
}

/** The advice of all situations, those that agree in one sentence. */
export function adviceOf(situations: readonly Situation[]): string[] {
  const groups = Map.groupBy(situations, ({ client, source, choice }) =>
    JSON.stringify([client, source, choice.cell.policy]),
  )
  return [...groups.values()].map((group) => {
    const { client, source, choice } = group[0]!
    const networks = group.map(({ network }) => network).join(', ')
    const saved = group.map(({ choice: { overhead } }) => 1 - overhead)
    const added = Math.max(...group.map(({ choice: { addedMs } }) => addedMs))
    return `${client}, ${source}, on ${networks}: ${choice.cell.policy}, which saves ${percent(Math.min(...saved))} of the overhead and paints the median token ${Math.max(0, Math.round(added))} ms later than the first policy.`
  })
}

function percent(part: number): string {
  return `${Math.round(100 * part)} %`
}
