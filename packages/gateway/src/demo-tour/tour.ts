import { type RunningGateway, startGateway } from '../serve/gateway.ts'
import { parseGatewayOptions } from '../options/options.ts'
import { cancelAtOnce, type CancelFigures } from './cancel-at-once.ts'
import { cutAndResume, type ResumeFigures } from './cut-and-resume.ts'
import { demand } from './demand.ts'
import { ask } from './reading.ts'
import type { Screen } from './screen.ts'
import { type SlowReaderFigures, watchSlowReader } from './slow-reader.ts'

/** It takes some seconds; on a machine that has other things to do, more. Nobody is kept for ever. */
const MAX_TOUR_MS = 120_000

/** What the tour can be told; for tests. */
export interface TourOptions {
  /** Makes the gateway that is shown. Default: one on a free port, with the demo runner. */
  start?: (() => Promise<RunningGateway>) | undefined
}

/** Shows what the gateway does, in a terminal. True when all of it turned out as promised. */
export async function runTour(screen: Screen, { start = startForTour }: TourOptions = {}): Promise<boolean> {
  const gateway = await start()
  const tooLong = new Promise<never>((_resolve, reject) => {
    const message = `The tour found something wrong: it took longer than ${MAX_TOUR_MS / 1000} s.`
    setTimeout(() => reject(new Error(message)), MAX_TOUR_MS).unref()
  })
  try {
    await Promise.race([walk(gateway, screen), tooLong])
    return true
  } catch (error) {
    screen.line()
    screen.line((error as Error).message)
    return false
  } finally {
    await gateway.close()
  }
}

function startForTour(): Promise<RunningGateway> {
  // The tour's own options, whatever the environment says.
  return startGateway(parseGatewayOptions(['--port', '0', '--log', 'quiet', '--drain-ms', '0'], {}))
}

async function walk(gateway: RunningGateway, screen: Screen): Promise<void> {
  await warmUp(gateway)
  screen.line(`A sluice gateway runs at ${gateway.url}; the demo runner answers, streams are kept in memory.`)
  screen.title('1. Streaming')
  const resumed = await cutAndResume(gateway, screen)
  screen.title('2. Cancelling')
  const cancelled = await cancelAtOnce(gateway, screen)
  screen.title('3. A reader that does not read')
  const slow = await watchSlowReader(gateway, screen)
  screen.title('Summary')
  for (const [name, figure] of summarize(resumed, cancelled, slow)) screen.line(`${name.padEnd(46)}${figure}`)
  await restAssured(gateway)
}

/** The first answer of a process also loads the demo runner's tokenizer. */
async function warmUp({ url }: RunningGateway): Promise<void> {
  await (await ask(url, { ttftMs: 0, interTokenMs: 0, tokens: 100 })).text()
}

function summarize(resumed: ResumeFigures, cancelled: CancelFigures, slow: SlowReaderFigures): [string, string][] {
  const ms = (value: number): string => `${value.toFixed(1)} ms`
  const { chunks, tokens } = resumed
  return [
    ['time to first token (the runner takes 200)', ms(resumed.firstTokenMs)],
    ['tokens', String(tokens)],
    ['chunks', `${chunks} (${(tokens / chunks).toFixed(1)} tokens each)`],
    ['resume: request to first missing token', ms(resumed.resumeMs)],
    ['cancel: request to abort of the source', ms(cancelled.abortMs)],
    ['cancel: request to acknowledgement', ms(cancelled.answerMs)],
    ['unread stream: pulled from its source', `${((100 * slow.pulledBytes) / slow.offeredBytes).toFixed(0)} %`],
    ['unread stream: first token of a neighbour', ms(slow.neighbourMs)],
  ]
}

/** At the end nothing may be left running. */
async function restAssured({ sluice }: RunningGateway): Promise<void> {
  await sluice.drain({ withinMs: 2_000 })
  const { producing, delivering } = sluice.stats()
  demand(producing === 0 && delivering === 0, `${producing} sources and ${delivering} readings are left`)
}
