import type { Principal } from '@sluice/core'

import { createIdentify } from '../serve/identify.ts'

/** Who every client of the tour is: the gateway runs with `--auth none`. */
export const TOUR_OWNER: Principal = createIdentify('none')({ headers: {} })!
