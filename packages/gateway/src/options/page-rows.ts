import type { PageSettings } from './gateway-options.ts'
import { type OptionRows, parseSwitch } from './option-row.ts'

/** Whether there is a page to look at. */
export const PAGE_ROWS: OptionRows<PageSettings> = {
  page: {
    flag: '--page',
    variable: 'SLUICE_PAGE',
    rule: '"true" or "false"',
    example: 'true',
    help: 'Serve the page at / on an address that others can reach, too; on loopback it is there',
    parse: parseSwitch,
  },
  noPage: {
    flag: '--no-page',
    variable: 'SLUICE_NO_PAGE',
    rule: '"true" or "false"',
    example: 'true',
    help: 'Serve no page at /',
    parse: parseSwitch,
  },
}
