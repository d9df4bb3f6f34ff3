import { type ChildProcess, spawn } from 'node:child_process'

/** Keeps the last group it has read; at the end of its input, which is the end of the process that writes, it acts. */
const SCRIPT = 'while read -r line; do group=$line; done; [ -n "$group" ] && kill -9 "-$group" 2>/dev/null; rm -rf "$0"'

/**
 * A shell that outlives this process by a moment, whatever ends it: no process group and no folder stays behind. An `exit`
 * listener would not be called after SIGKILL, which is how test runners end a worker that hangs.
 */
export class OrphanGuard {
  readonly #shell: ChildProcess

  /** `directory` is removed if this process dies. */
  constructor(directory: string) {
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT, directory], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    this.#shell.on('error', () => {})
    this.#shell.stdin?.on('error', () => {})
    this.#shell.unref()
  }

  /** From now on this group would be killed. */
  hold(group: number): void {
    this.#shell.stdin?.write(`${group}\n`)
  }

  /** The group has ended by itself: its id may become someone else's. */
  forget(): void {
    this.#shell.stdin?.write('\n')
  }

  /** There is nothing left to guard. */
  dismiss(): void {
    this.#shell.kill('SIGKILL')
  }
}
