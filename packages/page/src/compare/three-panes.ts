import { byId } from '../dom/find.ts'
import { Meter } from '../network/meter.ts'
import { Pane } from '../panes/pane.ts'
import { Renderer } from '../panes/renderer.ts'
import type { Trail } from '../panes/trail.ts'

export const NAMES = ['sync', 'naive', 'sluice'] as const
export type PaneName = (typeof NAMES)[number]

/** What belongs to each pane, from one run to the next. */
export const PANES: Readonly<Record<PaneName, { pane: Pane; renderer: Renderer }>> = {
  sync: paneOf('sync'),
  naive: paneOf('naive'),
  sluice: paneOf('sluice'),
}

function paneOf(name: PaneName): { pane: Pane; renderer: Renderer } {
  return { pane: new Pane(byId(`pane-${name}`)), renderer: new Renderer() }
}

/** What is measured in each pane during one run. */
export type Measures = Readonly<Record<PaneName, { readonly trail: Trail; readonly meter: Meter }>>

export function newMeasures(newTrail: () => Trail): Measures {
  const one = (): Measures['sync'] => ({ trail: newTrail(), meter: new Meter() })
  return { sync: one(), naive: one(), sluice: one() }
}
