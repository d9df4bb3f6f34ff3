import { readdirSync, readFileSync } from 'node:fs'

/** What a process and its children have taken so far. */
export interface ProcessCost {
  readonly cpuUs: number
  readonly rssBytes: number
}

/** Linux counts in hundredths of a second, whatever the kernel's own tick is. */
const TICK_US = 10_000
const PAGE_BYTES = 4_096
/** Places in `/proc/<pid>/stat` after the name, which may have spaces in it. */
const [PARENT, USER, SYSTEM, RSS_PAGES] = [1, 11, 12, 21]

/** Reads what the kernel has counted: the same for programs of every kind. Linux only. */
export function costOf(pid: number): ProcessCost {
  const fields = statOf(pid)
  const own = { cpuUs: (fields[USER]! + fields[SYSTEM]!) * TICK_US, rssBytes: fields[RSS_PAGES]! * PAGE_BYTES }
  return childrenOf(pid).map(costOf).reduce(sum, own)
}

function sum(one: ProcessCost, other: ProcessCost): ProcessCost {
  return { cpuUs: one.cpuUs + other.cpuUs, rssBytes: one.rssBytes + other.rssBytes }
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((other) => parentOf(other) === pid)
}

function parentOf(pid: number): number | undefined {
  try {
    return statOf(pid)[PARENT]
  } catch {
    // It has ended since it was listed.
    return undefined
  }
}

function statOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
}
