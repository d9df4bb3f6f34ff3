/** A file that a browser has saved. */
export interface SavedFile {
  readonly name: string
  readonly text: string
}

/** What a person does in a tab of a browser: by labels and names, as they are read or heard. */
export interface Tab {
  press(name: string): Promise<void>
  choose(label: string, value: string): Promise<void>
  check(label: string): Promise<void>
  write(label: string, text: string): Promise<void>
  /** Chooses a file. */
  give(label: string, file: string): Promise<void>
  /** What is saved where downloads go when `action` is done. */
  saves(action: () => Promise<void>): Promise<SavedFile>
  /** Presses a key, such as `Tab`. */
  key(name: 'Tab' | 'Enter' | 'ArrowRight' | 'Home'): Promise<void>
  /** Waits until an expression of the page is true. */
  until(expression: string): Promise<void>
  evaluate<Value>(expression: string): Promise<Value>
  /** The tab that opens when `action` is done. */
  opens(action: () => Promise<void>): Promise<Tab>
  goto(url: string): Promise<void>
  resize(width: number, height: number): Promise<void>
  picture(file: string): Promise<void>
  close(): Promise<void>
}

/** A browser with one person before it. */
export interface Browser {
  readonly name: string
  /** Another tab, dark or light. */
  open(url: string, scheme?: 'light' | 'dark'): Promise<Tab>
  close(): Promise<void>
}

/** How often a page is looked at that is waited for. */
export const LOOK_MS = 50

/**
 * Looks at a page until an expression is true. From outside: a page that may make no code of text cannot look for itself. One that is being
 * loaded is looked at again.
 */
export async function untilTrue(evaluate: (expression: string) => Promise<unknown>, expression: string): Promise<void> {
  const look = (): Promise<unknown> => evaluate(`!!(${expression})`).catch(() => false)
  while (!(await look())) await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
}

/** Runs before all else in each tab: notes what the policy of the page forbids, what fails, and what moves. */
export const WATCH = `
globalThis.watched = { violations: [], errors: [], shift: 0 }
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
  watched.violations.push(violatedDirective + ' ' + blockedURI))
addEventListener('error', ({ message }) => watched.errors.push(message))
addEventListener('unhandledrejection', ({ reason }) => watched.errors.push(String(reason)))
try {
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) watched.shift += entry.value
  }).observe({ type: 'layout-shift', buffered: true })
} catch {}
`

/** What {@link WATCH} has seen. */
export interface Watched {
  readonly violations: readonly string[]
  readonly errors: readonly string[]
  readonly shift: number
}
