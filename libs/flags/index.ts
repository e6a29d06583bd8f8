export {
  inFlightOptions,
  installationOptions,
  nameOption,
  rpcOptions,
  servingOptions,
  tokenOptions,
} from './common-options.ts';
export type { FlagsResult, OptionSpec, OptionTable, OptionValues, ReadFlags } from './flags.ts';
export { environmentName, helpText, readFlags } from './flags.ts';
export { WrongOption } from './wrong-option.ts';
