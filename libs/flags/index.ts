export { inFlightOptions, installationOptions, rpcOptions, servingOptions } from './common-options.ts';
export type { FlagsResult, OptionSpec, OptionTable, OptionValues, ReadFlags } from './flags.ts';
export { environmentName, helpText, readFlags, WrongOption } from './flags.ts';
