#!/usr/bin/env node
import { createScreen } from './demo-tour/screen.ts'
import { runTour } from './demo-tour/tour.ts'

process.exitCode = (await runTour(createScreen(process.stdout, process.env))) ? 0 : 1
