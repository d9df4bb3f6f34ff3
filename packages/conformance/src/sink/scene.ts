import { joinBytes, type WireBytes } from '@sluice/core/extend'
import { expect, onTestFinished } from 'vitest'

import { isSettled, until } from '@sluice/testing/patience'
import type { OpenedSink, SinkDriver } from './driver.ts'

const PIECE_LETTERS = 1000

/** A sink under test, and all that was written to it. */
export interface SinkScene extends OpenedSink {
  /** Writes, and remembers what. */
  readonly write: (bytes: WireBytes) => boolean
  readonly written: () => Uint8Array
  /**
   * Writes, as a polite writer does, until the sink asks to wait and keeps asking: whatever lies between it and a client
   * that does not read is full. Each write is a thousand letters.
   */
  fill(letter?: string): Promise<void>
  /** Waits until the client has received all that was written. */
  arrived(): Promise<void>
}

/** Opens a scene that is cleaned up when its test is over. */
export async function openScene(driver: SinkDriver): Promise<SinkScene> {
  const scene = await createScene(driver)
  onTestFinished(() => scene.cleanup())
  return scene
}

/** Opens a scene that its opener cleans up. */
export async function createScene(driver: SinkDriver): Promise<SinkScene> {
  const opened = await driver.open()
  const pieces: Uint8Array[] = []
  const write = (bytes: WireBytes): boolean => {
    pieces.push(toBytes(bytes).slice())
    return opened.sink.write(bytes)
  }
  const written = (): Uint8Array => joinBytes(pieces)
  return Object.assign(opened, {
    write,
    written,
    fill: (letter = '.') => fill(opened, write, driver, letter),
    async arrived() {
      const { length } = written()
      await until(() => bytesOf(opened).length >= length, 'the client has received everything')
    },
  })
}

async function fill(
  { sink }: OpenedSink,
  write: (bytes: WireBytes) => boolean,
  { queueBytes, transportBytes = 32 * 1024 * 1024 }: SinkDriver,
  letter: string,
): Promise<void> {
  const pieceBytes = PIECE_LETTERS * toBytes(letter).length
  // A few more: the bound may be passed by one write, and a read that was under way takes another.
  const maxPieces = (queueBytes + transportBytes) / pieceBytes + 4
  for (let piece = 1; piece <= maxPieces; piece++) {
    if (write(`${piece} `.padEnd(PIECE_LETTERS, letter))) continue
    if (!(await isSettled(sink.drained()))) return
  }
  throw new Error(`the sink took ${queueBytes + transportBytes} bytes that nobody reads without asking to wait`)
}

export function toBytes(bytes: WireBytes): Uint8Array {
  return typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes
}

export function bytesOf({ client }: OpenedSink): Uint8Array {
  return toBytes(client.received())
}

/** Compares bytes, and says where they differ: a list of a million numbers says nothing. */
export function expectBytes(actual: Uint8Array, wanted: Uint8Array): void {
  const place = wanted.findIndex((byte, index) => byte !== actual[index])
  const at = place === -1 && actual.length > wanted.length ? wanted.length : place
  const around = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.subarray(Math.max(0, at - 20), at + 20))
  expect(at === -1 ? '' : around(actual), `byte ${at} of ${wanted.length}`).toBe(at === -1 ? '' : around(wanted))
  expect(actual.length).toBe(wanted.length)
}

/** Checks that all that was written has arrived, and nothing else. */
export function expectAll(scene: SinkScene): void {
  expectBytes(bytesOf(scene), scene.written())
}

/** Checks that what has arrived is the beginning of what was written. */
export function expectPrefix(scene: SinkScene): void {
  const received = bytesOf(scene)
  expectBytes(received, scene.written().subarray(0, received.length))
}
